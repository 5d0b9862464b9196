import StrictYAML

/// Where heads of the audit chain are kept outside of the database: `audit:` of `sluice.yaml`.
enum AuditSettings {
    static func heads(_ reader: SettingsReader) throws -> String? {
        guard let path = try reader.text("audit.heads") else { return nil }
        guard path.hasPrefix("/"), !path.hasSuffix("/"), path.utf8.count <= 1_000, !path.utf8.contains(0) else {
            throw reader.error(
                "audit.heads",
                what: "not an absolute path of a file",
                mend: "write it as in /var/lib/sluice/audit-heads"
            )
        }
        return path
    }
}

extension Configuration {
    /// What keeps the heads; nil: nothing does.
    package var auditHeadFile: AuditHeadFile? { auditHeads.map { AuditHeadFile(path: $0) } }
}
