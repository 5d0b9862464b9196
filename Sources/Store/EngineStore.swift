/// All that the engine asks of a database.
package typealias EngineStore = AlarmStore & BatchFileStore & FleetStore & ResultFileStore & SubmissionStore
