/// Judges whether personal data can be read and written (R15).
package enum KeyCheck {
    /// `configured`: ids of the keys, nil where none are; `problem`: why they cannot be followed; `needed`: ids that
    /// stored rows name.
    package static func judge(configured: Set<Int32>?, problem: String?, needed: [Int32]) -> Finding {
        guard let configured else {
            return .fail(
                .keys,
                "no keys are configured" + (needed.isEmpty ? "" : ", and stored rows need \(list(needed))"),
                mend: "add `keys` to sluice.yaml"
            )
        }
        if let problem { return .fail(.keys, problem, mend: "give this user the keys that sluice.yaml names") }
        let missing = needed.filter { !configured.contains($0) }
        guard missing.isEmpty else {
            return .fail(
                .keys,
                "stored rows are encrypted under keys that are not configured: \(list(missing))",
                mend: "add them to `keys.data`: old keys stay until no row needs them"
            )
        }
        return .ok(.keys, "\(configured.count) readable, stored rows need \(needed.isEmpty ? "none" : list(needed))")
    }

    private static func list(_ keys: [Int32]) -> String { keys.map { "\($0)" }.joined(separator: ", ") }
}
