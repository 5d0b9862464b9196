import BatchFiles
import PaymentCore
import StrictYAML

extension LayoutFile {
    static func nacha(_ root: YAMLMapping) throws(YAMLError) -> NACHALayout {
        let name = try ConfigurationFolder.name("name", of: root)
        let direction = try root.enumeration("direction", as: Direction.self)
        let entryClasses = try choices("entry_classes", of: root, as: NACHALayout.EntryClass.self)
        let serviceClasses = try choices("service_classes", of: root, as: NACHALayout.ServiceClass.self)
        let effectiveDate = try root.optionalEnumeration("effective_date", as: NACHALayout.EffectiveDateRule.self)
        let limits = try limits(try root.optionalMapping("limits"))
        try root.finish()
        do throws(LayoutDefect) {
            return try NACHALayout(
                name: name,
                direction: direction,
                entryClasses: entryClasses ?? Set(NACHALayout.EntryClass.allCases),
                serviceClasses: serviceClasses,
                effectiveDate: effectiveDate ?? .notBeforeCreation,
                limits: limits
            )
        } catch {
            throw root.error(at: error.key, what: error.what, mend: error.mend)
        }
    }

    /// The choices that a sequence of texts names; nil where there is none.
    private static func choices<Choice: RawRepresentable & CaseIterable & Hashable>(
        _ key: String,
        of root: YAMLMapping,
        as type: Choice.Type
    ) throws(YAMLError) -> Set<Choice>? where Choice.RawValue == String {
        guard let texts = try root.optionalStrings(key) else { return nil }
        var choices: Set<Choice> = []
        for text in texts {
            guard let choice = Choice(rawValue: text), choices.insert(choice).inserted else {
                throw root.error(
                    at: key,
                    what: "‘\(text)’ stands twice or is none of what may stand here",
                    mend: "name some of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")), in quotes"
                )
            }
        }
        return choices
    }
}
