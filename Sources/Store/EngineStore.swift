/// All that the engine asks of a database.
package typealias EngineStore = BatchFileStore & FleetStore & ResultFileStore & SubmissionStore
