/// What an element of a message means to its reader.
enum ISO20022Element: UInt8 {
    /// Not one of those read; so is all inside of it.
    case other
    /// On the way to one that is read.
    case path
    case groupHeader
    case messageIdentification
    case creationTime
    case transactionCount
    case controlSum
    case payment
    case paymentIdentification
    case paymentMethod
    case requestedDate
    case orderingIBAN
    case orderingOther
    case serviceLevel
    case creditorIdentifier
    case creditorScheme
    case transaction
    case instructionIdentification
    case endToEndIdentification
    case amount
    case equivalentAmount
    case agentBIC
    case agentMember
    case name
    case accountIBAN
    case accountOther
    case purpose
    case purposeReference
    case mandate
    case mandateDate

    /// The field of an order that it becomes a part of.
    var field: RecordField? {
        switch self {
        case .endToEndIdentification: .merchantOrderNumber
        case .amount, .equivalentAmount: .amount
        case .agentBIC, .agentMember: .bankCode
        case .name: .accountName
        case .accountIBAN, .accountOther: .accountNumber
        case .purpose, .purposeReference: .purpose
        case .other, .path, .groupHeader, .messageIdentification, .creationTime, .transactionCount, .controlSum,
            .payment, .paymentIdentification, .paymentMethod, .requestedDate, .orderingIBAN, .orderingOther,
            .serviceLevel, .creditorIdentifier, .creditorScheme, .transaction, .instructionIdentification, .mandate,
            .mandateDate:
            nil
        }
    }
}

/// The elements of a kind of message that are read, as a table of steps from each element to its children.
///
/// One table fits all versions and national variants of a kind: where they differ, each has a path of its own.
struct ISO20022Elements: Sendable {
    /// The place in the tree of an element that is not read.
    static let otherPlace: UInt8 = 0
    /// The place of the document itself, above the root.
    static let documentPlace: UInt8 = 1

    /// The names of elements and attributes, as the stream is to tell them.
    let names: [String]
    /// The index of the attribute that holds a currency.
    let currencyName: Int
    private var elements: [ISO20022Element] = [.other, .path]
    private var steps: [UInt8] = []

    init(kind: ISO20022Message.Kind) {
        let paths = Self.paths(kind)
        var names = ["Ccy"]
        for (path, _) in paths {
            for name in path.split(separator: "/").map(String.init) where !names.contains(name) { names.append(name) }
        }
        self.names = names
        currencyName = 0
        steps = Array(repeating: Self.otherPlace, count: 2 * names.count)
        for (path, element) in paths { add(path, element) }
    }

    /// What an element at a place means.
    func element(at place: UInt8) -> ISO20022Element { elements[Int(place)] }

    /// The place of a child of the element at a place, by its name's index.
    func child(of place: UInt8, name: Int?) -> UInt8 {
        guard let name else { return Self.otherPlace }
        return steps[Int(place) * names.count + name]
    }

    private mutating func add(_ path: String, _ element: ISO20022Element) {
        var place = Self.documentPlace
        for name in path.split(separator: "/") {
            guard let index = names.firstIndex(of: String(name)) else { preconditionFailure("a name is missing") }
            let slot = Int(place) * names.count + index
            if steps[slot] == Self.otherPlace {
                precondition(elements.count < UInt8.max, "a message has too many elements that are read")
                steps[slot] = UInt8(elements.count)
                elements.append(.path)
                steps.append(contentsOf: repeatElement(Self.otherPlace, count: names.count))
            }
            place = steps[slot]
        }
        elements[Int(place)] = element
    }

    private static func paths(_ kind: ISO20022Message.Kind) -> [(String, ISO20022Element)] {
        let (initiation, transaction, amount, party, orderer): (String, String, String, String, String) =
            switch kind {
            case .creditTransfer: ("CstmrCdtTrfInitn", "CdtTrfTxInf", "Amt/InstdAmt", "Cdtr", "Dbtr")
            case .directDebit: ("CstmrDrctDbtInitn", "DrctDbtTxInf", "InstdAmt", "Dbtr", "Cdtr")
            }
        let message: [(String, ISO20022Element)] = [
            ("GrpHdr", .groupHeader),
            ("GrpHdr/MsgId", .messageIdentification),
            ("GrpHdr/CreDtTm", .creationTime),
            ("GrpHdr/NbOfTxs", .transactionCount),
            ("GrpHdr/CtrlSum", .controlSum),
            ("PmtInf", .payment),
            ("PmtInf/PmtInfId", .paymentIdentification),
            ("PmtInf/NbOfTxs", .transactionCount),
            ("PmtInf/CtrlSum", .controlSum),
            ("PmtInf/PmtMtd", .paymentMethod),
            ("PmtInf/ReqdExctnDt", .requestedDate),
            ("PmtInf/ReqdExctnDt/Dt", .requestedDate),
            ("PmtInf/ReqdExctnDt/DtTm", .requestedDate),
            ("PmtInf/ReqdColltnDt", .requestedDate),
            ("PmtInf/\(orderer)Acct/Id/IBAN", .orderingIBAN),
            ("PmtInf/\(orderer)Acct/Id/Othr/Id", .orderingOther),
            ("PmtInf/PmtTpInf/SvcLvl/Cd", .serviceLevel),
            ("PmtInf/CdtrSchmeId/Id/PrvtId/Othr/Id", .creditorIdentifier),
            ("PmtInf/CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry", .creditorScheme),
            ("PmtInf/\(transaction)", .transaction),
        ]
        let record: [(String, ISO20022Element)] = [
            ("PmtId/InstrId", .instructionIdentification),
            ("PmtId/EndToEndId", .endToEndIdentification),
            (amount, .amount),
            ("Amt/EqvtAmt/Amt", .equivalentAmount),
            ("\(party)Agt/FinInstnId/BIC", .agentBIC),
            ("\(party)Agt/FinInstnId/BICFI", .agentBIC),
            ("\(party)Agt/FinInstnId/ClrSysMmbId/MmbId", .agentMember),
            ("\(party)/Nm", .name),
            ("\(party)Acct/Id/IBAN", .accountIBAN),
            ("\(party)Acct/Id/Othr/Id", .accountOther),
            ("RmtInf/Ustrd", .purpose),
            ("RmtInf/Strd/CdtrRefInf/Ref", .purposeReference),
            ("PmtTpInf/SvcLvl/Cd", .serviceLevel),
            ("DrctDbtTx/MndtRltdInf/MndtId", .mandate),
            ("DrctDbtTx/MndtRltdInf/DtOfSgntr", .mandateDate),
            ("DrctDbtTx/CdtrSchmeId/Id/PrvtId/Othr/Id", .creditorIdentifier),
            ("DrctDbtTx/CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry", .creditorScheme),
        ]
        return message.map { ("Document/\(initiation)/\($0.0)", $0.1) }
            + record.map { ("Document/\(initiation)/PmtInf/\(transaction)/\($0.0)", $0.1) }
    }
}
