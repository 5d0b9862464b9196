package import XMLStream

/// The compiled schemas of the messages that can be read and written, by their namespaces.
///
/// Which messages those are is said by the files: a version or a national variant is added by adding its schema.
package struct ISO20022Schemas: Sendable {
    /// Why a schema file cannot be used.
    package struct Defect: Error, Sendable, Hashable, CustomStringConvertible {
        package let file: String
        package let what: String

        package var description: String {
            "\(file): \(what); put the schema there as ISO 20022 publishes it, named after its message"
        }
    }

    /// One message with its schema.
    package struct Entry: Sendable {
        package let message: ISO20022Message
        package let schema: XMLSchemaFile
    }

    private let entries: [String: Entry]

    /// Compiles the schemas in `files`, which are named after their messages, as in `pain.001.001.09.xsd`.
    package init(files: [(name: String, bytes: [UInt8])]) throws(Defect) {
        var entries: [String: Entry] = [:]
        for file in files {
            guard file.name.hasSuffix(".xsd"), let message = ISO20022Message(name: String(file.name.dropLast(4))) else {
                throw Defect(file: file.name, what: "it is not named after a message")
            }
            let schema: XMLSchemaFile
            do throws(XMLSchemaDefect) {
                schema = try XMLSchemaFile(file.bytes)
            } catch {
                throw Defect(file: file.name, what: "\(error)")
            }
            guard let namespace = schema.targetNamespace, ISO20022Message(namespace: namespace) == message else {
                throw Defect(file: file.name, what: "its namespace is not that of its message")
            }
            entries[namespace] = Entry(message: message, schema: schema)
        }
        self.entries = entries
    }

    /// The message and schema of a namespace; nil for one without a schema here.
    package subscript(namespace: String) -> Entry? { entries[namespace] }

    /// The schema of a message; nil for one without a schema here.
    package func schema(of message: ISO20022Message) -> XMLSchemaFile? {
        entries.values.first { $0.message == message }?.schema
    }

    /// The messages of a kind, in order.
    package func messages(of kind: ISO20022Message.Kind) -> [ISO20022Message] {
        entries.values.map(\.message).filter { $0.kind == kind }.sorted()
    }

    /// The schemas of messages of a kind, by namespace.
    func schemas(of kind: ISO20022Message.Kind) -> [String: XMLSchemaFile] {
        entries.filter { $0.value.message.kind == kind }.mapValues(\.schema)
    }
}
