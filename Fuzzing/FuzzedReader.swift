import BatchFiles
import PaymentCore

/// A reader that is fuzzed, in the shapes in which merchants use it.
struct FuzzedReader: Sendable {
    /// One way to use it.
    struct Shape: Sendable {
        let format: FileFormat
        var wrapping = Wrapping.none
        var rules = Shapes.rules
        var context = RecordContext()
    }

    let name: String
    let shapes: [Shape]
    /// What is done to the input's file before it is read.
    let change: @Sendable (FuzzedInput) -> ChangedFile

    static let names = ["delimited", "fixed-width", "iso20022", "nacha", "gzip", "zip", "deflate-base64"]

    static func named(_ name: String) -> FuzzedReader? {
        switch name {
        case "delimited":
            FuzzedReader(name: name, shapes: Shapes.delimited) { ChangedFile(plain: $0.file) }
        case "fixed-width":
            FuzzedReader(name: name, shapes: Shapes.fixedWidth) { ChangedFile(plain: $0.file) }
        case "iso20022":
            FuzzedReader(name: name, shapes: Shapes.iso20022) { ChangedFile(plain: $0.file) }
        case "nacha":
            FuzzedReader(name: name, shapes: Shapes.nacha) { input in
                ChangedFile(plain: input.change % 2 == 0 ? input.file : NACHAControls.mended(input.file))
            }
        case "gzip":
            FuzzedReader(name: name, shapes: Shapes.wrapped(.gzip)) { $0.packed(.gzip) }
        case "zip":
            FuzzedReader(name: name, shapes: Shapes.wrapped(.zip)) { $0.packed(.zip) }
        case "deflate-base64":
            FuzzedReader(name: name, shapes: Shapes.wrapped(.deflateBase64)) { $0.packed(.deflateBase64) }
        default: nil
        }
    }

    func read(_ input: FuzzedInput) {
        let file = change(input)
        Promises(shape: shapes[Int(input.shape) % shapes.count], input: input, file: file).keep()
    }
}

/// A file as it is read.
struct ChangedFile {
    let bytes: [UInt8]
    /// What stands in it once unwrapped, where that is known.
    let content: [UInt8]?

    init(plain: [UInt8]) { (bytes, content) = (plain, plain) }

    init(packed: [UInt8], of content: [UInt8]?) { (bytes, self.content) = (packed, content) }
}
