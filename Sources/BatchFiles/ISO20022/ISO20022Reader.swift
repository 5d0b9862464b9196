import PaymentCore
import XMLStream

/// Reads a file of ISO 20022 as it comes, in parts cut anywhere, and hands out its transactions one by one.
///
/// The document is validated on the way with the schema of its namespace. What the schema finds inside a transaction is
/// a finding of that record; anywhere else it makes the file unfit, as do control totals of a payment information that
/// are not those of its transactions. The group's own totals are declared, as far as they can be compared with orders.
/// Memory is bounded by one part and one transaction, but for eight bytes a payment information and 16 bytes a
/// transaction up to the bounds of `FingerprintTable`.
package struct ISO20022Reader: RecordReader, ~Copyable, Sendable {
    /// What a message says of itself.
    package struct Header: Sendable, Hashable {
        package let message: ISO20022Message
        package internal(set) var messageIdentification = ""
        /// As it is written there.
        package internal(set) var creationTime = ""

        init(message: ISO20022Message) { self.message = message }
    }

    /// Large parts are taken in pieces of this size.
    private static let pieceBytes = 64 * 1_024

    private let layout: ISO20022Layout
    private let elements: ISO20022Elements
    private var xml: XMLStreamReader
    private var namespace: XMLSymbol?
    /// The places in `elements` of the open elements.
    private var places: [UInt8] = []
    private var payments: Set<Int> = []
    private var paymentCount = 0
    private var group = ISO20022Totals()
    private var paymentTotals = ISO20022Totals()
    private var payment: ISO20022Payment
    /// Nil where instructions are not compared.
    private var instructions: ISO20022Instructions?
    private var transaction = ISO20022Transaction()
    private var record = RawRecord(charsetName: XMLEncoding.utf8.rawValue)
    private var ordinal: Int32 = 0
    /// The currency of all transactions so far, once there is one; nil again, and for good, when there are two.
    private var currency: Currency?
    private var hasOneCurrency = true

    package private(set) var declared: [DeclaredTotals] = []

    /// What the message says of itself; nil before its root was read.
    package private(set) var header: Header?

    /// `comparesInstructions`: whether an identification of an instruction that repeats an earlier one is found.
    package init(layout: ISO20022Layout, comparesInstructions: Bool = true) {
        self.layout = layout
        payment = ISO20022Payment(kind: layout.kind)
        instructions = comparesInstructions ? ISO20022Instructions() : nil
        elements = ISO20022Elements(kind: layout.kind)
        xml = XMLStreamReader(
            names: elements.names,
            schemas: layout.schemas.schemas(of: layout.kind),
            limits: XMLLimits(textBytesMax: min(layout.limits.recordBytesMax, 1_024 * 1_024))
        )
    }

    package mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        var rest = bytes
        repeat {
            let piece = rest.prefix(Self.pieceBytes)
            rest = rest.dropFirst(Self.pieceBytes)
            xml.append(piece, isLast: isLast && rest.isEmpty)
            while let event = try nextEvent() { try take(event, body) }
        } while !rest.isEmpty
        if isLast { try finish() }
    }

    private mutating func nextEvent() throws(FileDefect) -> XMLEvent? {
        do throws(XMLDefect) {
            return try xml.nextEvent()
        } catch {
            throw FileDefect(error)
        }
    }

    private mutating func take(_ event: XMLEvent, _ body: (borrowing RawRecord) throws -> Void) throws {
        switch event.kind {
        case .start: try start(event)
        case .attribute: attribute(event)
        case .finding: try find(event)
        case .end: try end(event, body)
        }
    }

    private mutating func start(_ event: XMLEvent) throws(FileDefect) {
        if places.isEmpty { try beginMessage(event) }
        // An element of another namespace is none of ours, whatever its name.
        let parent = places.last ?? ISO20022Elements.documentPlace
        let place =
            event.namespace == namespace
            ? elements.child(of: parent, name: event.name) : ISO20022Elements.otherPlace
        places.append(place)
        switch elements.element(at: place) {
        case .payment: beginPayment()
        case .transaction:
            xml.keptFrom = event.start
            transaction.begin(depth: event.depth, line: event.line, start: event.start)
        default: break
        }
        try checkLength(event)
    }

    /// Judges the root: which message it is, and whether the layout takes it.
    private mutating func beginMessage(_ event: XMLEvent) throws(FileDefect) {
        let name = xml.namespace(of: event) ?? ""
        let message = layout.schemas[name]?.message ?? ISO20022Message(namespace: name)
        let taken = layout.messages.map(\.name).joined(separator: ", ")
        guard let message, layout.messages.contains(message), layout.schemas[name] != nil else {
            if let kind = message?.kind, kind != layout.kind {
                throw defect(
                    .directionMismatch,
                    event,
                    "the message is one for \(kind.direction.rawValue)",
                    "declare a layout for \(kind.direction.rawValue), or send one of: \(taken)"
                )
            }
            let found = message.map { "the message is \($0), which is not taken" }
            throw defect(
                .messageUnsupported,
                event,
                found ?? "the namespace of the root is that of no message of ISO 20022",
                "send one of: \(taken)"
            )
        }
        namespace = event.namespace
        header = Header(message: message)
        record.charsetName = xml.encoding?.rawValue ?? XMLEncoding.utf8.rawValue
    }

    private mutating func beginPayment() {
        paymentCount += 1
        paymentTotals = ISO20022Totals()
        payment = ISO20022Payment(kind: layout.kind)
    }

    private mutating func attribute(_ event: XMLEvent) {
        guard event.name == elements.currencyName, event.namespace == nil, let place = places.last,
            elements.element(at: place) == .amount
        else { return }
        transaction.set(.currency, xml.text.span.extracting(event.text))
    }

    /// A finding inside a transaction is the record's; any other one makes the file unfit.
    private mutating func find(_ event: XMLEvent) throws(FileDefect) {
        let finding = xml.finding(of: event)
        let name = header?.message.name ?? "its message"
        guard let depth = transaction.depth, finding.depth >= depth else {
            let place = finding.path.isEmpty ? "the document" : finding.path
            throw FileDefect(
                code: .schemaViolation,
                line: finding.line,
                byteOffset: event.start,
                what: "\(place): \(finding.what)",
                mend: "write the file as the schema of \(name) asks, and validate it before sending"
            )
        }
        let element = elements.element(at: places[finding.depth - 1])
        let path = finding.path.split(separator: "/").dropFirst(depth - 1).joined(separator: "/")
        transaction.add(
            RecordFinding(
                code: .schemaViolation,
                field: element.field,
                value: "",
                mend: "\(path), line \(finding.line): \(finding.what); write it as the schema of \(name) asks"
            )
        )
    }

    private mutating func end(_ event: XMLEvent, _ body: (borrowing RawRecord) throws -> Void) throws {
        guard let place = places.popLast() else { return }
        switch elements.element(at: place) {
        case .other, .path, .groupHeader: break
        case .payment: try paymentTotals.check("payment information \(paymentCount)")
        case .transaction: try hand(event, body)
        case let element:
            let text = xml.text
            try take(element, text.span.extracting(event.text), event)
        }
        try checkLength(event)
    }

    /// Takes the value of an element that ends.
    private mutating func take(_ element: ISO20022Element, _ text: Span<UInt8>, _ event: XMLEvent) throws(FileDefect) {
        let isOfPayment = places.last.map { elements.element(at: $0) } == .payment
        switch element {
        case .messageIdentification:
            let identification = try identification(text, event, "MsgId")
            header?.messageIdentification = identification
        case .creationTime: header?.creationTime = Self.string(text)
        case .transactionCount where isOfPayment:
            paymentTotals.declareCount(text, line: event.line, byteOffset: event.start)
        case .transactionCount: group.declareCount(text, line: event.line, byteOffset: event.start)
        case .controlSum where isOfPayment:
            paymentTotals.declareSum(text, line: event.line, byteOffset: event.start)
        case .controlSum: group.declareSum(text, line: event.line, byteOffset: event.start)
        case .paymentIdentification:
            let identification = try identification(text, event, "PmtInfId")
            guard payments.insert(identification.hashValue).inserted else {
                throw defect(
                    .duplicatePayment,
                    event,
                    "payment information \(paymentCount) has the PmtInfId of an earlier one",
                    "give each payment information an identification of its own"
                )
            }
            payment.identification = Array(identification.utf8)
        case _ where transaction.depth == nil: payment.take(element, text)
        default: transaction.take(element, text)
        }
    }

    private func identification(
        _ text: Span<UInt8>,
        _ event: XMLEvent,
        _ name: String
    ) throws(FileDefect) -> String {
        let value = Self.string(text)
        guard value.utf8.contains(where: { $0 > 0x20 }) else {
            throw defect(.schemaViolation, event, "\(name) is blank", "give the message and each part of it a name")
        }
        return value
    }

    private mutating func hand(_ event: XMLEvent, _ body: (borrowing RawRecord) throws -> Void) throws {
        guard ordinal < layout.limits.recordsMax else {
            throw defect(
                .tooManyRecords,
                event,
                "the file has more than \(layout.limits.recordsMax) transactions",
                "split it into several files"
            )
        }
        try checkLength(event)
        let range = event.start..<event.end
        guard let raw = xml.bytes(range) else { preconditionFailure("the bytes of a transaction were let go") }
        ordinal += 1
        record.begin(raw: raw.span)
        record.ordinal = LineNumber(ordinal)
        record.physicalLine = transaction.line
        record.byteRange = range
        record.next = ReadPosition(
            byteOffset: range.upperBound,
            recordOrdinal: ordinal,
            physicalLine: event.line
        )
        findOutside()
        transaction.fill(&record, in: payment)
        let amount = transaction.amount
        group.add(amount)
        paymentTotals.add(amount)
        noteCurrency(transaction.currency)
        transaction.end()
        xml.keptFrom = nil
        try body(record)
    }

    /// Notes what is wrong with the transaction because of what stands around it and before it.
    private mutating func findOutside() {
        for finding in payment.findings(of: transaction) { transaction.add(finding) }
        let identification = transaction.instructionIdentification
        let earlier = instructions?.line(
            of: identification,
            account: payment.orderingAccount,
            in: LineNumber(ordinal)
        )
        guard let earlier else { return }
        let code = ReasonCode.instructionRepeated
        let value = String(decoding: identification, as: UTF8.self)
        let mend = "line \(earlier) of this file has the same: \(code.mend)"
        transaction.add(RecordFinding(code: code, field: nil, value: value, mend: mend))
    }

    private mutating func noteCurrency(_ found: Currency?) {
        guard hasOneCurrency else { return }
        if found == nil || (currency != nil && found != currency) {
            hasOneCurrency = false
            currency = nil
        } else {
            currency = found
        }
    }

    private mutating func checkLength(_ event: XMLEvent) throws(FileDefect) {
        guard transaction.depth != nil else { return }
        guard event.end - transaction.start <= Int64(layout.limits.recordBytesMax) else {
            throw defect(
                .recordTooLong,
                event,
                "the transaction that begins on line \(transaction.line) has more than "
                    + "\(layout.limits.recordBytesMax) bytes",
                "shorten its texts and supplementary data"
            )
        }
    }

    /// Compares the group's sum here when it cannot be declared in minor units of one currency.
    private mutating func finish() throws(FileDefect) {
        guard ordinal > 0 else {
            throw FileDefect(
                code: .noRecords,
                line: 0,
                byteOffset: 0,
                what: "the message has no transaction",
                mend: "send the file again with its transactions"
            )
        }
        var sums: [Currency: Int128]?
        if let declaredSum = group.declaredSum {
            if let currency, let minor = declaredSum.units(decimals: currency.minorUnits) {
                sums = [currency: minor]
            } else {
                try group.checkSum("the group header")
            }
        }
        guard group.declaredCount != nil || sums != nil else { return }
        declared = [
            DeclaredTotals(
                origin: .groupHeader(line: group.line, byteOffset: group.byteOffset),
                count: group.declaredCount,
                sums: sums
            )
        ]
    }

    private func defect(_ code: FileDefect.Code, _ event: XMLEvent, _ what: String, _ mend: String) -> FileDefect {
        FileDefect(code: code, line: event.line, byteOffset: event.start, what: what, mend: mend)
    }

    private static func string(_ text: Span<UInt8>) -> String {
        text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

extension FileDefect {
    /// What a document that cannot be read to its end means for its file.
    init(_ defect: XMLDefect) {
        let (code, mend): (Code, String) =
            switch defect.code {
            case .empty: (.emptyFile, "send the file again with its records")
            case .notWellFormed: (.notWellFormed, "send the whole file again: it may have been cut or edited")
            case .documentType: (.documentType, "leave the document type declaration out")
            case .encodingUnsupported, .encodingContradiction, .undecodableBytes:
                (.charsetMismatch, "write the file in UTF-8, or in the encoding that it declares")
            case .tooDeep, .textTooLong, .attributesTooLong, .markupTooLong:
                (.recordTooLong, "write the message as its schema asks, without data that it does not need")
            }
        self.init(code: code, line: defect.line, byteOffset: defect.byteOffset, what: defect.what, mend: mend)
    }
}
