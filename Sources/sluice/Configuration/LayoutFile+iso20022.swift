import BatchFiles
import PaymentCore
import StrictYAML

extension LayoutFile {
    static func iso20022(_ root: YAMLMapping, schemas: ISO20022Schemas) throws(YAMLError) -> ISO20022Layout {
        let name = try ConfigurationFolder.name("name", of: root)
        let direction = try root.enumeration("direction", as: Direction.self)
        let messages = try root.optionalStrings("messages")
        let limits = try limits(try root.optionalMapping("limits"))
        try root.finish()
        do throws(LayoutDefect) {
            return try ISO20022Layout(
                name: name,
                direction: direction,
                messages: messages,
                schemas: schemas,
                limits: limits
            )
        } catch {
            throw root.error(at: error.key, what: error.what, mend: error.mend)
        }
    }
}
