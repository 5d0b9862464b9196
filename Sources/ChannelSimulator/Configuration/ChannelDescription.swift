/// What the company knows of itself from a channel's file, read with the simulator's own eyes.
///
/// Only what the company's side needs is read; the rest of the file is the other side's business.
package struct ChannelDescription: Sendable, Equatable {
    package var name: String
    package var merchantID: String
    package var directions: Set<Direction>
    package var currencies: Set<String>
    /// Most items of a batch, 1 to 1,000 (page section 3).
    package var itemsMax: Int
    /// Most minor units of an item.
    package var amountMax: Int64
    /// How long a repeated batch is recognised; 0 where the file documents no duplicate check.
    package var windowMilliseconds: Int64

    /// The highest `amountMax`: 1,000 such items still add up in 64 bits.
    package static let amountMaxLimit = Int64.max / 1_000

    package init(
        name: String,
        merchantID: String,
        directions: Set<Direction>,
        currencies: Set<String>,
        itemsMax: Int,
        amountMax: Int64,
        windowMilliseconds: Int64
    ) {
        precondition(
            (1...1_000).contains(itemsMax) && (1...Self.amountMaxLimit).contains(amountMax) && windowMilliseconds >= 0,
            "a company takes 1 to 1,000 items of at least one minor unit"
        )
        self.name = name
        self.merchantID = merchantID
        self.directions = directions
        self.currencies = currencies
        self.itemsMax = itemsMax
        self.amountMax = amountMax
        self.windowMilliseconds = windowMilliseconds
    }

    /// Reads a channel file of the `json-batch` dialect.
    package static func load(path: String) throws(SimulatorError) -> ChannelDescription {
        try read(try WholeFile.text(path), file: path)
    }

    /// Reads the text of a channel file; `file` names it in errors.
    package static func read(_ text: String, file: String) throws(SimulatorError) -> ChannelDescription {
        var fields = try YAMLFields.parse(text, file: file)
        let dialect = try fields.required("dialect", YAMLFields.text)
        guard dialect == "json-batch" else {
            throw SimulatorError(.configuration, "\(file): dialect '\(dialect)' is not simulated; use json-batch")
        }
        var endpoint = try fields.required("endpoint", YAMLFields.init)
        var limits = try fields.required("limits", YAMLFields.init)
        let items = try limits.required("items_per_submission", YAMLFields.integer)
        let amount = try limits.required("amount_max", YAMLFields.integer)
        guard (1...1_000).contains(items), (1...amountMaxLimit).contains(amount) else {
            throw SimulatorError(
                .configuration,
                "\(file): limits are out of range; items_per_submission is 1 to 1000, amount_max 1 to \(amountMaxLimit)"
            )
        }
        var directions: Set<Direction> = []
        for name in try fields.required("directions", YAMLFields.texts) {
            guard let direction = Direction(rawValue: name) else {
                throw SimulatorError(.configuration, "\(file): unknown direction '\(name)'; use payout or withhold")
            }
            directions.insert(direction)
        }
        var check = try fields.optional("duplicate_check", YAMLFields.init)
        return ChannelDescription(
            name: try fields.required("channel", YAMLFields.text),
            merchantID: try endpoint.required("merchant_id", YAMLFields.text),
            directions: directions,
            currencies: Set(try fields.required("currencies", YAMLFields.texts)),
            itemsMax: Int(items),
            amountMax: amount,
            windowMilliseconds: try check?.required("window", YAMLFields.milliseconds) ?? 0
        )
    }
}
