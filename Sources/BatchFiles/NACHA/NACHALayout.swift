package import PaymentCore
import Transcoding

/// How a merchant uses NACHA files: what may stand in them.
///
/// The format itself is fixed: 94 characters a line, ASCII, US dollars in cents. A file moves money one way.
package struct NACHALayout: Sendable {
    /// The standard entry classes that make orders.
    package enum EntryClass: String, Sendable, Hashable, CaseIterable {
        /// Prearranged payment or deposit: persons.
        case ppd = "PPD"
        /// Corporate credit or debit: firms.
        case ccd = "CCD"
    }

    /// What a batch says it holds.
    package enum ServiceClass: String, Sendable, Hashable, CaseIterable {
        case creditsAndDebits = "200"
        case credits = "220"
        case debits = "225"

        /// Whether entries of this direction may stand in such a batch.
        package func admits(_ direction: Direction) -> Bool {
            switch self {
            case .creditsAndDebits: true
            case .credits: direction == .payout
            case .debits: direction == .withhold
            }
        }
    }

    /// What the effective entry date of a batch must be.
    package enum EffectiveDateRule: String, Sendable, Hashable, CaseIterable {
        /// It is not looked at, so that entries have no day.
        case any
        /// A day that exists.
        case existing
        /// A day that exists, not before the day on which the file was made.
        case notBeforeCreation = "not_before_creation"
    }

    package let name: String
    /// Credits pay out, debits withhold; entries of the other direction make no orders.
    package let direction: Direction
    package let entryClasses: Set<EntryClass>
    package let serviceClasses: Set<ServiceClass>
    package let effectiveDate: EffectiveDateRule
    package let limits: DelimitedLayout.Limits
    /// The layout of delimited result files: the same columns.
    package let resultLayout: DelimitedLayout

    /// A layout with the defaults of a careful bank.
    ///
    /// Batches for both directions are taken as long as no entry moves the other way.
    package init(
        name: String,
        direction: Direction,
        entryClasses: Set<EntryClass> = [.ppd, .ccd],
        serviceClasses: Set<ServiceClass>? = nil,
        effectiveDate: EffectiveDateRule = .notBeforeCreation,
        limits: DelimitedLayout.Limits = DelimitedLayout.Limits()
    ) throws(LayoutDefect) {
        self.name = name
        self.direction = direction
        self.entryClasses = entryClasses
        self.serviceClasses = serviceClasses ?? Set(ServiceClass.allCases.filter { $0.admits(direction) })
        self.effectiveDate = effectiveDate
        self.limits = limits
        self.resultLayout = try DelimitedLayout(of: Self.form(name), limits: limits)
        guard !entryClasses.isEmpty else {
            throw LayoutDefect(key: "entry_classes", what: "it is empty", mend: "name PPD, CCD or both")
        }
        guard !self.serviceClasses.isEmpty, self.serviceClasses.allSatisfy({ $0.admits(direction) }) else {
            throw LayoutDefect(
                key: "service_classes",
                what: "it is empty, or names a class whose batches hold no \(direction.rawValue)",
                mend: "name 200, and 220 for payout or 225 for withhold"
            )
        }
    }

    /// What its records hold.
    package var form: RecordForm { Self.form(name) }

    static let currency: Currency = {
        guard let dollar = Currency(code: "USD") else { preconditionFailure("the table of currencies has no dollar") }
        return dollar
    }()

    private static func form(_ name: String) -> RecordForm {
        RecordForm(
            layout: name,
            columns: [
                LayoutColumn(title: "order_no", field: .merchantOrderNumber, lengthMax: 29),
                LayoutColumn(title: "account", field: .accountNumber, lengthMax: 17),
                LayoutColumn(title: "name", field: .accountName, isRequired: true, lengthMax: 22),
                LayoutColumn(title: "routing", field: .bankCode, isRequired: true, lengthMax: 9),
                LayoutColumn(title: "cents", field: .amount, lengthMax: 10),
                LayoutColumn(title: "purpose", field: .purpose, lengthMax: 80),
                LayoutColumn(title: "date", field: .executionDate),
            ],
            charset: .utf8,
            amountUnit: .minor,
            isAmountUnsigned: true,
            defaultCurrency: currency
        )
    }
}
