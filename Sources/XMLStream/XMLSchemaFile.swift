import CLibXML2
import Synchronization

/// An XML schema, compiled when it is needed.
///
/// Whether it can be compiled is known from the start; its compiled form, some MiB, is kept only while a document is
/// being validated. A schema that asks for another file is refused: nothing is ever opened because of it.
package final class XMLSchemaFile: Sendable {
    private struct InUse {
        weak var schema: CompiledSchema?
    }

    private let bytes: [UInt8]
    private let inUse = Mutex(InUse())

    /// The namespace of the documents that it describes; nil for none.
    package let targetNamespace: String?

    package init(_ bytes: [UInt8]) throws(XMLSchemaDefect) {
        targetNamespace = try CompiledSchema(bytes).targetNamespace
        self.bytes = bytes
    }

    /// The compiled form, shared by all who validate with it at the same time.
    func compiled() -> CompiledSchema {
        inUse.withLock { inUse in
            if let schema = inUse.schema { return schema }
            guard let schema = try? CompiledSchema(bytes) else {
                preconditionFailure("libxml2 is out of memory: it has compiled this schema before")
            }
            inUse.schema = schema
            return schema
        }
    }
}

/// Why a schema cannot be compiled.
package struct XMLSchemaDefect: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line in the schema; 0 where none is meant.
    package let line: Int64
    package let what: String

    package var description: String { "the schema cannot be used (line \(line)): \(what)" }
}

/// What libxml2 needs once in a process.
enum XMLLibrary {
    private static let started: Void = sluice_xml_start()

    /// Sets libxml2 up so that it opens nothing by name; as often as one likes.
    static func start() { started }
}
