import BatchFiles
import PaymentCore

/// What pass 1 and its readers promise of every file, held against one.
struct Promises {
    let shape: FuzzedReader.Shape
    let input: FuzzedInput
    let file: ChangedFile

    /// Why a file is not given to its format's reader, or not to its end, for reasons that lie in its wrapping.
    private static let ofWrapping: Set<FileDefect.Code> = [
        .wrappingMismatch, .formatMismatch, .wrappingNested, .wrappingTooLarge, .wrappingBroken, .wrappingEntries,
        .wrappingEncrypted,
    ]

    /// What is wrong with the syntax of a document.
    private static let ofSyntax: Set<FileDefect.Code> = [
        .notWellFormed, .charsetMismatch, .documentType, .recordTooLong,
    ]

    func keep() {
        let whole = SeenVerification(file.bytes, [0..<file.bytes.count], shape)
        let parted = SeenVerification(file.bytes, input.parts(of: file.bytes), shape)
        compare(whole, parted)
        checkTotals(whole)
        for record in whole.checked { CheckedPromises(record, shape.format.form).keep() }
        if let refusal = whole.refusal { promise(refusal.isSafe, "words of a defect are safe: \(refusal)") }
        if let content = file.content { checkContent(content, whole) }
        checkLooks(whole)
    }

    /// However a file is cut, it is the same.
    private func compare(_ whole: SeenVerification, _ parted: SeenVerification) {
        if shape.wrapping.kind == .none || whole.refusal == nil {
            promise(
                whole.checked == parted.checked && whole.totals == parted.totals && whole.declared == parted.declared
                    && areAlike(whole.refusal, parted.refusal),
                "a file reads the same however it is cut: \(whole.difference(from: parted))"
            )
            return
        }
        // What of a broken packing came out before it was found broken depends on the parts.
        promise(
            whole.refusal?.code == parted.refusal?.code || areAlike(whole.refusal, parted.refusal),
            "a packed file is refused alike: \(whole) \(parted)"
        )
        let count = min(whole.checked.count, parted.checked.count)
        promise(whole.checked.prefix(count) == parted.checked.prefix(count), "what comes out of a packing is the same")
    }

    /// Whether two defects are the same one.
    ///
    /// Which of several mistakes in a document's syntax libxml2 comes to first depends on how far it can look ahead.
    private func areAlike(_ left: FileDefect?, _ right: FileDefect?) -> Bool {
        if case .iso20022 = shape.format, let left, let right {
            let areOfSyntax = Self.ofSyntax.contains(left.code) && Self.ofSyntax.contains(right.code)
            if areOfSyntax, left.code == .notWellFormed || right.code == .notWellFormed { return true }
        }
        return left == right
    }

    private func checkTotals(_ seen: SeenVerification) {
        var quarantined: Int64 = 0
        var sums: [Currency: Int128] = [:]
        // The record for which a file is refused is seen and not counted.
        let counted = seen.refusal?.code == .refusedByRule ? seen.checked.dropLast() : seen.checked[...]
        for record in counted {
            switch record {
            case .order(let draft): sums[draft.fields.amount.currency, default: 0] += Int128(draft.fields.amount.minor)
            case .quarantined(let draft):
                quarantined += 1
                if let amount = draft.amount { sums[amount.currency, default: 0] += Int128(amount.minor) }
            }
        }
        promise(seen.totals.records == Int64(counted.count), "records in = orders + quarantined")
        promise(seen.totals.quarantined == quarantined, "quarantined records are counted")
        promise(seen.totals.totals.amounts.mapValues(\.amountMinor) == sums, "amounts add up")
        let accepted = seen.totals.accepted.values.reduce(0) { $0 + $1.count }
        promise(accepted == Int64(counted.count) - quarantined, "what is not quarantined is accepted")
    }

    /// What is read of known content: by its own reader, by pass 1, and from any record on.
    private func checkContent(_ content: [UInt8], _ verification: SeenVerification) {
        let whole = SeenFile(content, [0..<content.count], shape.format)
        let parted = SeenFile(content, input.parts(of: content), shape.format)
        promise(
            whole.records == parted.records && whole.declared == parted.declared
                && areAlike(whole.defect, parted.defect),
            "a reader reads the same however it is fed: \(whole) \(parted)"
        )
        PlacePromises(content: content, format: shape.format).keep(whole)
        if let refusal = verification.refusal, Self.ofWrapping.contains(refusal.code) { return }
        let isRefusedByRule = verification.refusal?.code == .refusedByRule
        if !isRefusedByRule {
            promise(areAlike(whole.defect, verification.refusal), "pass 1 refuses what its reader does")
            let knowsTotals = whole.defect != nil || whole.declared == verification.declared
            promise(knowsTotals, "pass 1 knows what the file declares")
            promise(whole.records.count == verification.checked.count, "pass 1 loses no record")
        }
        for (record, checked) in zip(whole.records, verification.checked) {
            let source = checked.source
            promise(
                record.ordinal == source.line.value && record.byteRange == source.byteRange
                    && record.raw == source.raw && record.physicalLine == source.physicalLine
                    && record.charsetName == source.charsetName,
                "a draft says where its record stands"
            )
        }
        guard !whole.records.isEmpty else { return }
        let index = input.index(below: whole.records.count)
        let rest = SeenFile(file.bytes, shape, startingAt: whole.records[index].next)
        let expected = Array(whole.records.dropFirst(index + 1))
        // Who starts in the middle does not judge the layout again, and so may read on.
        guard whole.defect?.code != .layoutMismatch else {
            promise(rest.records.starts(with: expected), "reading goes on behind any record, past a strange layout")
            return
        }
        promise(rest.records == expected, "reading goes on behind any record: \(expected) \(rest.records)")
        promise(areAlike(rest.defect, whole.defect), "the rest of a file ends as the file does")
    }

    /// Looks at the beginning, and the check without a database.
    private func checkLooks(_ verification: SeenVerification) {
        switch input.cut % 16 {
        case 0:
            _ = FileSniffer.sniff(file.bytes[...])
            _ = FileSniffer.sniff(file.bytes.prefix(input.index(below: file.bytes.count + 1)))
        case 1:
            let format = DeclaredFormat(shape.format, wrapping: shape.wrapping)
            do {
                _ = try FormatProbe(file.bytes, isWhole: input.change < 128, format: format, rules: shape.rules)
            } catch {
                fatalError("a look at a file threw: \(error)")
            }
        case 2, 3: checkRepeats(verification)
        default: break
        }
    }

    private func checkRepeats(_ verification: SeenVerification) {
        var check = FileCheck(
            format: DeclaredFormat(shape.format, wrapping: shape.wrapping),
            rules: shape.rules,
            tolerance: FileTolerance(),
            context: shape.context,
            fileBytes: Int64(file.bytes.count),
            badRecordsMax: 10
        )
        do {
            try check.read(file.bytes[...], isLast: true)
            if check.needsSecondReading {
                check.beginSecondReading()
                try check.read(file.bytes[...], isLast: true)
            }
        } catch {
            fatalError("a check threw: \(error)")
        }
        promise(check.refusal == verification.refusal, "a check refuses what pass 1 does")
        guard check.refusal == nil else { return }
        var numbers: Set<String> = []
        var repeated: Int64 = 0
        for record in verification.checked {
            guard let number = record.merchantOrderNumber, !numbers.insert(number).inserted else { continue }
            if case .order = record { repeated += 1 }
        }
        promise(check.totals.records == verification.totals.records, "a check loses no record")
        promise(
            !check.hasComparedAllNumbers || check.totals.quarantined == verification.totals.quarantined + repeated,
            "a number makes one order"
        )
    }
}

/// Ends the process, and so fails the input, unless a promise is kept.
func promise(_ isKept: Bool, _ what: @autoclosure () -> String) {
    if !isKept { fatalError("broken promise: \(what())") }
}

extension CheckedRecord {
    var source: RecordSource {
        switch self {
        case .order(let draft): draft.source
        case .quarantined(let draft): draft.source
        }
    }

    var merchantOrderNumber: String? {
        switch self {
        case .order(let draft): draft.fields.merchantOrderNumber
        case .quarantined(let draft): draft.merchantOrderNumber
        }
    }
}

extension SeenVerification {
    /// Where two differ, for whoever looks into a finding.
    func difference(from other: SeenVerification) -> String {
        if refusal != other.refusal { return "\(String(describing: refusal)) \(String(describing: other.refusal))" }
        if checked.count != other.checked.count { return "\(checked.count) records and \(other.checked.count)" }
        for (left, right) in zip(checked, other.checked) where left != right { return "\(left) \(right)" }
        return "\(declared) \(other.declared) \(totals) \(other.totals)"
    }
}

extension FileDefect {
    /// Whether it can be logged and shown.
    var isSafe: Bool { what.isSafe && mend.isSafe && what.count < 1_000 && mend.count < 2_000 }
}

extension String {
    /// Whether no character moves a cursor, hides, or turns the direction of text.
    var isSafe: Bool {
        unicodeScalars.allSatisfy { scalar in
            if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: return false
            default: return true
            }
        }
    }
}
