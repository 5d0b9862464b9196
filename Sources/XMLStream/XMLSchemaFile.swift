import CLibXML2
import Synchronization

/// An XML schema: known to be good, and compiled while documents are validated with it.
///
/// A compiled schema takes some twenty times the memory of its file, so what is not in use is let go, and compiled anew
/// when it is wanted again. A schema that asks for another file is refused: nothing is ever opened because of it.
package final class XMLSchemaFile: Sendable {
    private struct InUse: Sendable {
        weak var schema: CompiledSchema?
    }

    private let inUse = Mutex(InUse())

    /// The namespace of the documents that it describes; nil for none.
    package let targetNamespace: String?
    /// The bytes that it was compiled from.
    package let source: [UInt8]

    package init(_ bytes: [UInt8]) throws(XMLSchemaDefect) {
        targetNamespace = try CompiledSchema(bytes).targetNamespace
        source = bytes
    }

    /// The schema for a validation: the same for all that are under way.
    func compiled() -> CompiledSchema {
        inUse.withLock { inUse in
            if let schema = inUse.schema { return schema }
            do throws(XMLSchemaDefect) {
                let schema = try CompiledSchema(source)
                inUse.schema = schema
                return schema
            } catch {
                preconditionFailure("a schema that was compiled before does not compile: \(error)")
            }
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
