/// All that the engine asks of a database.
package typealias EngineStore = AlarmStore & BatchFileStore & FleetStore & MonitoringStore & PlanStore
    & ResultFileStore & RunStore & SubmissionStore
