import PaymentCore
import PostgresClient
import Store

/// The statement of a list of quarantined records: what narrows it down, and its parameters.
struct QuarantineQuery {
    private(set) var parameters: [PostgresValue] = []
    private var conditions: [String] = []
    /// Closed records may have left the live table; those that wait never do.
    private let readsHistory: Bool

    /// `day`: that of the filter's file, nil if it names none.
    init(_ filter: QuarantineFilter, day: BusinessDate?) {
        // States stand as literals, so that the index of what waits is found (architecture §5).
        let states = QuarantineState.allCases.filter(filter.states.contains).map { "'\($0.rawValue)'" }
        conditions.append(states.isEmpty ? "false" : "q.state IN (\(states.joined(separator: ", ")))")
        readsHistory = filter.states.contains { !$0.isWaiting }
        if let batch = filter.batch {
            add("q.batch_id = \(parameter(.int64(batch.value)))")
            add(day.map { "q.business_date = \(parameter(.date($0)))" } ?? "false")
        }
        if let merchant = filter.merchant {
            add(
                """
                q.batch_id IN (SELECT f.batch_id FROM sluice.batch_file f JOIN sluice.merchant m USING (merchant_id)
                    WHERE m.merchant_no = \(parameter(.text(merchant.value))))
                """
            )
        }
        if let reason = filter.reason {
            add("q.reasons @> jsonb_build_array(jsonb_build_object('code', \(parameter(.text(reason)))::text))")
        }
        if let field = filter.field {
            add("q.reasons @> jsonb_build_array(jsonb_build_object('field', \(parameter(.text(field)))::text))")
        }
        if let since = filter.since { add("q.business_date >= \(parameter(.date(since)))") }
        if let date = filter.businessDate { add("q.business_date = \(parameter(.date(date)))") }
    }

    /// Adds a parameter and answers its place, as in `$3`.
    mutating func parameter(_ value: PostgresValue) -> String {
        parameters.append(value)
        return "$\(parameters.count)"
    }

    mutating func add(_ condition: String) { conditions.append(condition) }

    /// The records with these columns, live named first.
    func records(_ columns: String, _ ending: String = "") -> String {
        let tables = readsHistory ? ["sluice", "history"] : ["sluice"]
        let selects = tables.map { schema in
            "SELECT \(columns) FROM \(schema).quarantine_record q WHERE \(conditions.joined(separator: " AND "))"
        }
        return "\(selects.joined(separator: "\nUNION ALL\n")) \(ending)"
    }
}
