import BatchFiles
import Cryptography
import PaymentCore

extension FileCheckReport {
    /// For machines; its keys are a contract (Docs/files.md).
    var json: JSON {
        [
            "file_name": .string(fileName), "bytes": .integer(bytes), "sha256": .string(Hexadecimal.encode(sha256)),
            "format": .string(format.name), "format_probed": .bool(isProbed),
            "merchant": .string(merchant?.value), "business_date": .string("\(businessDate)"),
            "verdict": .string(outcome.rawValue), "why": why.map(\.json) ?? .null,
            "whole": .bool(isWhole), "records": .integer(totals.records), "orders": .integer(orders),
            "quarantined": .integer(totals.quarantined),
            "amount_unreadable": .integer(totals.totals.amountUnreadable),
            "numbers_compared": .bool(hasComparedAllNumbers),
            "totals": .array(sums.map(\.json)),
            "declared": .array(declared.map { json($0) }),
            "reasons": .array(
                reasons.map {
                    [
                        "code": .string($0.code.rawValue), "severity": .string($0.severity.rawValue),
                        "count": .integer($0.count), "mend": .string($0.code.mend),
                    ]
                }
            ),
            "bad_records": .array(badRecords.map(\.json)),
        ]
    }

    /// What was declared, beside what was found; a file that was not read to its end is compared with nothing.
    private func json(_ declared: DeclaredTotals) -> JSON {
        let sums = declared.sums.map { sums in
            sums.keys.sorted().map { currency -> JSON in
                let found = totals.totals.amounts[currency]?.amountMinor ?? 0
                return [
                    "currency": .string(currency.code), "declared_minor": .integer(sums[currency]),
                    "found_minor": isWhole ? .integer(found) : .null,
                ]
            }
        }
        let origin: (name: String, line: Int64?) =
            switch declared.origin {
            case .submission: ("submission", nil)
            case .trailer(let line, _): ("trailer", line)
            case .header(let line, _): ("header", line)
            case .groupHeader(let line, _): ("group_header", line)
            }
        return [
            "origin": .string(origin.name), "line": .integer(origin.line),
            "declared_count": .integer(declared.count), "found_count": isWhole ? .integer(totals.records) : .null,
            "sums": .array(sums ?? []),
        ]
    }
}

extension FileCheckReport.Why {
    fileprivate var json: JSON {
        [
            "code": .string(code), "line": .integer(place?.line), "byte": .integer(place?.byteOffset),
            "what": .string(what), "mend": .string(mend),
        ]
    }
}

extension FileCheckReport.Sum {
    fileprivate var json: JSON {
        [
            "currency": .string(currency.code),
            "records": .integer(records.count), "records_minor": .integer(records.amountMinor),
            "orders": .integer(orders.count), "orders_minor": .integer(orders.amountMinor),
            "quarantined": .integer(quarantined.count), "quarantined_minor": .integer(quarantined.amountMinor),
        ]
    }
}

extension QuarantineDraft {
    fileprivate var json: JSON {
        [
            "line_no": .integer(line.value), "physical_line": .integer(source.physicalLine),
            "byte_from": .integer(source.byteRange.lowerBound), "byte_to": .integer(source.byteRange.upperBound),
            "merchant_order_number": .string(merchantOrderNumber.map(RecordField.merchantOrderNumber.masked)),
            "reasons": .array(
                reasons.map {
                    [
                        "code": .string($0.code.rawValue), "severity": .string($0.severity.rawValue),
                        "field": .string($0.field?.rawValue), "value": .string($0.maskedValue),
                        "mend": .string($0.mend),
                    ]
                }
            ),
        ]
    }
}
