import ChannelKit
import PaymentCore
package import Store

/// Judges what runs out: connections, sequences, numbers (pitfalls A7, A8).
package enum CapacityCheck {
    private static let percentMax: Int64 = 80

    /// `perProcess`: what one process may open; `isConfigured`: whether the budget is, else the server's is taken.
    package static func budget(_ use: ConnectionUse, perProcess: Int, isConfigured: Bool) -> Finding {
        let taken = "\(use.processes) processes at work may open \(use.taken)"
        guard let budget = use.budget else {
            return .warn(
                .budget,
                "\(taken) connections, and behind a pooler nothing limits them",
                mend: "set `database.budget` to what the pooler lets in"
            )
        }
        let source = isConfigured ? "configured" : "offered by the server"
        let found = "\(taken) of \(budget) connections (\(source)); one more would take \(perProcess)"
        let mend = "lower `database.connections`, raise `database.budget`, or raise max_connections with it"
        if use.taken > budget || perProcess > Int(budget) { return .fail(.budget, found, mend: mend) }
        // The next start would be refused, such as that of a process that takes over.
        if Int(use.taken) + perProcess > Int(budget) {
            return .warn(.budget, "\(found): one more process is refused", mend: mend)
        }
        return .ok(.budget, found)
    }

    /// Channel numbers are made of a batch's and a submission's number, so that they run out with these.
    package static func sequences(_ health: DeploymentHealth) -> Finding {
        var full: [String] = []
        for sequence in health.sequences {
            let end = sequence.name.hasPrefix("batch_file_") ? min(sequence.end, NumberRule.batchMax) : sequence.end
            if isFull(sequence.last, of: end) { full.append("\(sequence.name) is at \(sequence.last) of \(end)") }
        }
        // A thousand submissions are numbered for each chunk.
        let chunksEnd = Int64(Int32.max) / 1_000
        if isFull(Int64(health.chunksMax), of: chunksEnd) {
            full.append("a file has \(health.chunksMax) of \(chunksEnd) chunks")
        }
        guard full.isEmpty else {
            return .fail(
                .sequences,
                full.joined(separator: "; "),
                mend: "plan the change of its type before it ends: no number is ever used again"
            )
        }
        return .ok(
            .sequences,
            "\(health.sequences.count) sequences and the channels' number series are below \(percentMax) %"
        )
    }

    private static func isFull(_ value: Int64, of end: Int64) -> Bool { value / percentMax >= end / 100 }
}
