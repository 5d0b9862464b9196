/// Draws the lives of an order, a batch file and a submission from the tables that the code obeys, so that the document
/// (`Docs/lifecycle.md`) cannot say anything else.
package enum LifecycleDiagram {
    /// The life of an order as a Mermaid `stateDiagram-v2`, from `OrderTransition.table`.
    package static func orders() -> String {
        diagram(
            starts: [OrderState.held, .ready].map(\.rawValue),
            moves: OrderTransition.table.map { Move(from: $0.from.rawValue, to: $0.to.rawValue, label: $0.when) },
            ends: OrderState.allCases.filter(\.isFinal).map(\.rawValue)
        )
    }

    /// The life of a batch file as a Mermaid `stateDiagram-v2`, from `BatchFileState.moves`.
    package static func files() -> String {
        diagram(
            starts: [BatchFileState.receiving, .pending].map(\.rawValue),
            moves: BatchFileState.moves.map { Move(from: $0.from.rawValue, to: $0.to.rawValue, label: nil) },
            ends: [BatchFileState.finished, .refused].map(\.rawValue)
        )
    }

    /// The life of a submission as a Mermaid `stateDiagram-v2`, from `SubmissionPhase.moves`.
    package static func submissions() -> String {
        diagram(
            starts: [SubmissionPhase.intended.rawValue],
            moves: SubmissionPhase.moves.map { Move(from: $0.from.rawValue, to: $0.to.rawValue, label: nil) },
            ends: SubmissionPhase.allCases.filter(\.isFinal).map(\.rawValue)
        )
    }

    /// The whole of `Docs/lifecycle.md`.
    package static func document() -> String {
        """
        # Lifecycle

        This page is generated from the tables that the code obeys (`OrderTransition`, `BatchFileState`,
        `SubmissionPhase`). Do not edit it: change the tables, then run the tests with `SLUICE_REGENERATE_DOCS=1`.
        The database enforces the same moves again.

        ## Order

        `succeeded`, `failed`, `returned` and `cancelled` are final. The only move out of a final state is a return:
        `succeeded` to `returned`. `unknown` means that we do not know: it waits for evidence, and always has a next
        action time or an open review item.

        ```mermaid
        \(orders())
        ```

        A move that is not listed does not exist.

        | from | to | when | needs |
        |---|---|---|---|
        \(orderRows())

        ## Batch file

        A *file* is held before it is loaded; an *order* is held after. Nothing is planned before the file is `split`.

        ```mermaid
        \(files())
        ```

        | from | to |
        |---|---|
        \(rows(BatchFileState.moves.map { ($0.from.rawValue, $0.to.rawValue) }))

        ## Submission

        One message or file sent to a channel. It is `settled` when no open order is on it: each is final, or has gone
        on to another attempt. It is `refused` when the channel refused it as a whole, which counts only while no other
        send of it can have arrived. Sends that are proven unsent leave it `intended`.

        ```mermaid
        \(submissions())
        ```

        | from | to |
        |---|---|
        \(rows(SubmissionPhase.moves.map { ($0.from.rawValue, $0.to.rawValue) }))

        """
    }

    private struct Move {
        let from: String
        let to: String
        let label: String?
    }

    private static func diagram(starts: [String], moves: [Move], ends: [String]) -> String {
        let lines =
            starts.map { "[*] --> \($0)" }
            + moves.map { move in "\(move.from) --> \(move.to)" + (move.label.map { ": \($0)" } ?? "") }
            + ends.map { "\($0) --> [*]" }
        return "stateDiagram-v2\n" + lines.map { "    \($0)" }.joined(separator: "\n")
    }

    private static func orderRows() -> String {
        OrderTransition.table
            .map { "| `\($0.from.rawValue)` | `\($0.to.rawValue)` | \($0.when) | \($0.needs) |" }
            .joined(separator: "\n")
    }

    private static func rows(_ moves: [(from: String, to: String)]) -> String {
        moves.map { "| `\($0.from)` | `\($0.to)` |" }.joined(separator: "\n")
    }
}
