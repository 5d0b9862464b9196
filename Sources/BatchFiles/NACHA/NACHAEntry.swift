import PaymentCore

/// An entry of a request with its addenda: what stands in it, and what is wrong with it.
struct NACHAEntry: Sendable {
    let line: NACHALine
    /// The number that the batch's originator gave it; nil unless it is 15 digits.
    let traceNumber: Int64?
    /// How many addenda were read.
    private var addenda = 0
    /// The text of the addenda that carries one.
    private(set) var addendaText: [UInt8] = []
    /// The type, the sequence number and the entry's number of the first addenda that is not as it should be.
    private var wrongAddenda: [UInt8]?
    private var areAddendaWhole = true
    private var areAddendaPrintable = true

    init(_ line: NACHALine) {
        self.line = line
        self.traceNumber = line.digits(80...94)
    }

    mutating func addAddenda(_ addendaLine: NACHALine) {
        addenda += 1
        if addendaLine.length != NACHALine.width { areAddendaWhole = false }
        if !addendaLine.isPrintable { areAddendaPrintable = false }
        // Persons and firms get one, of type 05, numbered 1, that names its entry.
        guard addenda == 1, addendaLine[2...3].elementsEqual("05".utf8), addendaLine.digits(84...87) == 1,
            addendaLine[88...94] == line[88...94]
        else {
            if wrongAddenda == nil {
                wrongAddenda = Array(addendaLine[1...3])
                // Anything else than digits may be text that has slipped.
                if addendaLine.digits(84...94) != nil { wrongAddenda?.append(contentsOf: addendaLine[84...94]) }
            }
            return
        }
        addendaText = Array(addendaLine.trimmed(4...83))
    }

    /// Whether its lines have their 94 characters, so that columns mean what they should.
    var isWhole: Bool { line.length == NACHALine.width && areAddendaWhole }

    /// Whether the first eight digits of the receiving bank's routing number fit the ninth.
    private var isRoutingRight: Bool {
        line.digits(4...12).map { $0 > 0 } ?? false && NACHARouting.checkDigit(line[4...11]) == line[12]
    }

    /// What is wrong with it beyond the rules that hold for every format.
    ///
    /// `previous` is the trace number of the entry before it in its batch.
    func findings(direction: Direction, header: NACHALine, after previous: Int64?) -> [RecordFinding] {
        var findings: [RecordFinding] = []
        func add(_ code: ReasonCode, _ field: RecordField? = nil, _ columns: ClosedRange<Int>? = nil) {
            let value = columns.map { String(decoding: line.trimmed($0), as: UTF8.self) } ?? ""
            // What has no field are codes of the format.
            findings.append(RecordFinding(code: code, field: field, value: value, isPersonal: field != nil))
        }
        if !line.isPrintable || !areAddendaPrintable { add(.notASCII) }
        guard isWhole else { return findings }
        if !isRoutingRight, !line.trimmed(4...12).isEmpty { add(.bankCheckDigit, .bankCode, 4...12) }
        switch NACHATransactionCode(line) {
        case nil: add(.transactionCodeUnknown, nil, 2...3)
        case let code? where code.purpose != .live: add(.notALiveEntry, nil, 2...3)
        case let code? where code.direction != direction: add(.transactionCodeDirection, nil, 2...3)
        default: break
        }
        let indicator = line[79]
        if indicator != (addenda > 0 ? UInt8(ascii: "1") : UInt8(ascii: "0")) {
            add(.addendaIndicatorWrong, nil, 79...79)
        }
        if let wrongAddenda {
            let value = String(decoding: wrongAddenda, as: UTF8.self)
            findings.append(RecordFinding(code: .addendaMalformed, field: nil, value: value, isPersonal: false))
        }
        if let traceNumber {
            if line[80...87] != header[80...87] { add(.traceNumberForeign, .merchantOrderNumber, 80...94) }
            if let previous, traceNumber <= previous { add(.traceNumberOrder, .merchantOrderNumber, 80...94) }
        } else {
            add(.traceNumberMalformed, .merchantOrderNumber, 80...94)
        }
        return findings
    }
}
