/// All that the engine asks of a database.
package typealias EngineStore = AlarmDeliveryStore & AlarmStore & BatchFileStore & FleetStore & MonitoringStore
    & PlanStore & ResultFileStore & RunStore & SubmissionStore & SupplementStore
