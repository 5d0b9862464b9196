import ChannelKit
import ChannelSimulator
import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Review
import Store
import StrictYAML

/// Turns any error into words for people and an exit status; the only place that does.
package struct ErrorReport: Sendable {
    /// Nil where there is nothing to say.
    package let words: String?
    package let status: ExitStatus

    private init(_ words: String?, _ status: ExitStatus) {
        self.words = words
        self.status = status
    }

    package init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self.init(failure.description, failure.status)
        case is Terminal.Closed: self.init(nil, .failed)
        case is YAMLError, is ConfigurationError, is EndpointError, is ChannelTransportError, is Migrator.Defect,
            is KeyRing.Defect, is ConnectionBudgetExceeded, is WorkingCalendar.UncoveredDay, is NothingToHold,
            is ReviewRefusal, is AmendmentRule.Defect:
            self.init("\(error)", .configuration)
        case is StaleArchiveLease: self.init("\(error)", .heldByAnother)
        case let refused as RestorationRefused: self.init(refused)
        case let stopped as AmendingStopped:
            let cause = ErrorReport(stopped.cause)
            self.init("\(stopped)\(cause.words.map { ": \($0)" } ?? "")", cause.status)
        case is ArchivingStopped: self.init("\(error)", .waitsForPerson)
        case let simulator as SimulatorError:
            self.init(simulator.description, simulator.code == .configuration ? .configuration : .failed)
        case let postgres as PostgresError: self.init(postgres)
        case is CancellationError: self.init("cancelled; nothing more is done", .failed)
        // Errors of ours describe themselves safely; of others only the kind is told.
        case let described as any CustomStringConvertible: self.init("\(described)", .failed)
        default: self.init("unexpected error \(type(of: error))", .failed)
        }
    }

    private init(_ refused: RestorationRefused) {
        let status: ExitStatus =
            switch refused.code {
            case .usage: .configuration
            case .state: .failed
            case .held: .heldByAnother
            case .workLeft: .workLeft
            }
        self.init(refused.description, status)
    }

    private init(_ error: PostgresError) {
        switch error.sqlState {
        case let state? where state.hasPrefix("SL"):
            // Our own functions raise these: rules that the call broke, in words for people.
            let words = [error.message ?? "refused by a rule of the database", error.hint].compactMap(\.self)
            self.init(words.joined(separator: "; "), Self.status(of: state))
        case "42P01", "3F000", "42703", "42883":
            self.init("the database has not the schema of this program; run: sluice db migrate", .configuration)
        case "42501":
            let table = error.table.map { " on \($0)" } ?? ""
            self.init(
                "the role of the database URL lacks a privilege\(table) (\(error.label)); connect as sluice_worker, to"
                    + " migrate as a role that may create roles",
                .configuration
            )
        case "28P01", "28000", "3D000":
            self.init(
                "the database refuses the connection (SQLSTATE \(error.sqlState ?? "")); check user, password and"
                    + " database of SLUICE_DATABASE_URL",
                .configuration
            )
        case nil where error.code == .notSent:
            self.init("\(error); check SLUICE_DATABASE_URL and that the server runs", .failed)
        default: self.init("\(error)", .failed)
        }
    }

    private static func status(of state: String) -> ExitStatus {
        switch state {
        // The lease of archiving is another's; archiving is stopped.
        case "SL030": .heldByAnother
        case "SL031": .waitsForPerson
        // These speak of the state that something is in, the others of what was asked for.
        case "SL009", "SL010", "SL012", "SL016", "SL019", "SL020", "SL032", "SL033", "SL035", "SL036", "SL037": .failed
        default: .configuration
        }
    }
}
