import PaymentCore

/// Reads what a header or a trailer tells of the records, whatever its places are.
struct TotalsText: Sendable {
    let unit: AmountUnit
    let currency: Currency?

    /// What the line tells; `text` hands out what stands at a place, nil where the line has no such.
    ///
    /// Throws the defect that `malformed` makes for the name of a value and its place.
    func totals<Place>(
        _ origin: DeclaredTotals.Origin,
        count: Place?,
        sum: Place?,
        text: (Place) -> [UInt8]?,
        malformed: (_ name: String, Place) -> FileDefect
    ) throws(FileDefect) -> DeclaredTotals {
        var found: (count: Int64?, sums: [Currency: Int128]?)
        if let place = count {
            guard case .value(let number)? = text(place).map({ number($0, unit: .minor, as: Int64.self) }), number >= 0
            else { throw malformed("count", place) }
            found.count = number
        }
        if let place = sum, let currency {
            guard case .value(let number)? = text(place).map({ number($0, unit: unit, as: Int128.self) })
            else { throw malformed("sum", place) }
            found.sums = [currency: number]
        }
        return DeclaredTotals(origin: origin, count: found.count, sums: found.sums)
    }

    private func number<Value: FixedWidthInteger & Sendable>(
        _ bytes: [UInt8],
        unit: AmountUnit,
        as type: Value.Type
    ) -> AmountText<Value> {
        AmountText(bytes.span, unit: unit, minorUnits: currency?.minorUnits ?? 0)
    }
}
