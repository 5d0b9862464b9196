import BatchFiles
import Foundation
import PaymentCore

/// A file of ISO 20022 that is refused, and the report made of it.
struct RefusalScene {
    static let reason = RefusalReason(
        code: "schema_violation",
        line: 3,
        byteOffset: 120,
        what: "Document/CstmrCdtTrfInitn/GrpHdr: NbOfTxs is missing",
        mend: "write the file as the schema of pain.001.001.09 asks"
    )

    let file: [UInt8]
    var direction = Direction.payout
    var messages: [String]?
    var wrapping = Wrapping.none
    var reason = RefusalScene.reason

    /// A message whose header is as given.
    static func message(_ name: String, header: String, rest: String = "") -> [UInt8] {
        let namespace = name.isEmpty ? "" : " xmlns=\"urn:iso:std:iso:20022:tech:xsd:\(name)\""
        return Array(
            "<Document\(namespace)><CstmrCdtTrfInitn><GrpHdr>\(header)</GrpHdr>\(rest)</CstmrCdtTrfInitn></Document>"
                .utf8
        )
    }

    var layout: ISO20022Layout {
        get throws {
            try ISO20022Layout(
                name: "sample",
                direction: direction,
                messages: messages,
                schemas: try StatusReportScene.schemas.get()
            )
        }
    }

    /// What is read of the file, in parts of so many bytes, as settlement does.
    func header(piece: Int = 1_000) throws -> ISO20022HeaderLook.Found {
        var look = ISO20022HeaderLook(layout: try layout, wrapping: wrapping)
        var rest = file[...]
        var isOver = look.isOver
        while !isOver {
            let bytes = rest.prefix(piece)
            rest = rest.dropFirst(piece)
            look.read(bytes, isLast: bytes.isEmpty)
            isOver = look.isOver
        }
        return look.found
    }

    var version: StatusReportVersion {
        get throws { StatusReportVersion(answering: try header(), layout: try layout) }
    }

    func written(piece: Int = 1_000) throws -> [UInt8] {
        var writer = RefusalReportWriter(
            reason,
            answering: try header(piece: piece),
            layout: try layout,
            edition: StatusReportScene.edition
        )
        let beginning = writer.drain()
        writer.finish()
        return beginning + writer.drain()
    }

    var text: String { get throws { String(decoding: try written(), as: UTF8.self) } }

    /// Reads a report again, as settlement does before it is stored.
    func check(_ report: [UInt8], piece: Int = 700) throws {
        let version = try version
        var check = RefusalReportCheck(reason, version: version, schema: try version.schema(in: try layout))
        var rest = report[...]
        while !rest.isEmpty {
            try check.read(Array(rest.prefix(piece)), isLast: false)
            rest = rest.dropFirst(piece)
        }
        try check.read([], isLast: true)
        try check.compare(with: [:])
    }
}
