import Cryptography

/// One line of a truth file: an event of a channel, as JSON.
///
/// Account numbers appear only as hashes, and once more sealed, so that a restarted company can name them in its
/// answers. Names do not appear at all.
struct TruthLine {
    let channel: String
    let event: TruthEvent
    /// Of a taken batch: the hash of each item's account number.
    let accountHashes: [String]

    /// The first line of each file.
    static let header = Array("{\"kind\":\"truth\",\"version\":1}\n".utf8)

    // MARK: Writing

    /// The line's bytes, line end included.
    static func encode(_ event: TruthEvent, channel: String, seal: AccountSeal) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch event {
            case .received(let received):
                begin("received", channel, received.key, &writer)
                writer.member("body_sha256", Hexadecimal.encode(received.bodySHA256))
                writer.member("time", received.at)
                if let code = received.code { writer.member("code", code.rawValue) }
                if let fault = received.fault { writer.member("fault", fault.rawValue) }
            case .taken(let batch):
                begin("taken", channel, batch.key, &writer)
                encode(batch, seal: seal, &writer)
            case .queried(let queried):
                begin("queried", channel, queried.key, &writer)
                writer.member("time", queried.at)
                if let fault = queried.fault { writer.member("fault", fault.rawValue) }
            case .peak(let kind, let count):
                begin("peak", channel, nil, &writer)
                writer.member("of", kind.rawValue)
                writer.member("concurrent", Int64(count))
            case .overlapped(let key): begin("overlapped", channel, key, &writer)
            }
        }
        writer.endLine()
        return writer.bytes
    }

    private static func begin(_ kind: String, _ channel: String, _ key: BatchKey?, _ writer: inout JSONWriter) {
        writer.member("kind", kind)
        writer.member("channel", channel)
        if let key {
            writer.member("batch_no", key.number)
            writer.member("trade_date", key.tradeDate)
        }
    }

    private static func encode(_ batch: SimulatedBatch, seal: AccountSeal, _ writer: inout JSONWriter) {
        writer.member("ordinal", Int64(batch.ordinal))
        writer.member("direction", batch.direction.rawValue)
        writer.member("currency", batch.currency)
        writer.member("total_amount", batch.totalAmount)
        writer.member("body_sha256", Hexadecimal.encode(batch.bodySHA256))
        writer.member("time", batch.takenAt)
        writer.member("visible_at", batch.visibleAt)
        writer.member("ready_at", batch.readyAt)
        writer.name("items")
        writer.array { writer in
            for item in batch.items {
                writer.array { writer in
                    writer.text(item.reference)
                    writer.integer(item.amount)
                    writer.text(Truth.accountSHA256(item.accountNumber))
                    let (outcome, code, time) = columns(item.fate)
                    writer.text(outcome)
                    writer.text(code)
                    writer.integer(time)
                    writer.text(item.mask.rawValue)
                }
            }
        }
        writer.member("accounts", Hexadecimal.encode(seal.seal(batch.items.map(\.accountNumber), of: batch)))
    }

    private static func columns(_ fate: SimulatedItem.Fate) -> (outcome: String, code: String, time: Int64) {
        switch fate {
        case .paid(let at): ("paid", "", at)
        case .refused(let code, let at): ("refused", code.rawValue, at)
        case .refusedAtSubmit(let code): ("refused_at_submit", code.rawValue, 0)
        case .neverFinished: ("never", "", 0)
        }
    }

    // MARK: Reading

    /// Reads a line without its line end; `nil` if it is none, or if its sealed account numbers do not open.
    ///
    /// `seals`: by channel; without the line's own, account numbers read as empty.
    init?(_ bytes: ArraySlice<UInt8>, seals: [String: AccountSeal]) {
        guard
            let line = try? JSONReader.read(bytes),
            let channel = line["channel"]?.text,
            let kind = line["kind"]?.text
        else { return nil }
        let key = BatchKey(in: line)
        var hashes: [String] = []
        let event: TruthEvent?
        switch kind {
        case "received": event = Self.received(line, key: key)
        case "taken":
            guard let taken = Self.taken(line, key: key, seal: seals[channel]) else { return nil }
            hashes = taken.hashes
            event = .taken(taken.batch)
        case "queried": event = Self.queried(line, key: key)
        case "peak":
            guard
                let kind = line["of"]?.text.flatMap(RequestKind.init(rawValue:)),
                let count = line["concurrent"]?.integer
            else { return nil }
            event = .peak(kind, Int(count))
        case "overlapped": event = key.map(TruthEvent.overlapped)
        default: return nil
        }
        guard let event else { return nil }
        self.channel = channel
        self.event = event
        accountHashes = hashes
    }

    private static func received(_ line: JSONValue, key: BatchKey?) -> TruthEvent? {
        guard
            let hash = line["body_sha256"]?.text.flatMap(Hexadecimal.decode),
            let time = line["time"]?.integer
        else { return nil }
        return .received(
            .init(
                key: key,
                bodySHA256: hash,
                at: time,
                code: line["code"]?.text.flatMap(HeaderCode.init(rawValue:)),
                fault: line["fault"]?.text.flatMap(SubmitFault.init(rawValue:))
            )
        )
    }

    private static func queried(_ line: JSONValue, key: BatchKey?) -> TruthEvent? {
        guard let key, let time = line["time"]?.integer else { return nil }
        return .queried(
            .init(key: key, at: time, fault: line["fault"]?.text.flatMap(QueryFault.init(rawValue:)))
        )
    }

    private static func taken(
        _ line: JSONValue,
        key: BatchKey?,
        seal: AccountSeal?
    ) -> (batch: SimulatedBatch, hashes: [String])? {
        guard
            let key, let ordinal = line["ordinal"]?.integer,
            let direction = line["direction"]?.text.flatMap(Direction.init(rawValue:)),
            let currency = line["currency"]?.text, let total = line["total_amount"]?.integer,
            let body = line["body_sha256"]?.text.flatMap(Hexadecimal.decode),
            let time = line["time"]?.integer, let visible = line["visible_at"]?.integer,
            let ready = line["ready_at"]?.integer, let rows = line["items"]?.array
        else { return nil }
        var hashes: [String] = []
        var items: [SimulatedItem] = []
        var accounts: [String]?
        if let seal {
            guard
                let sealed = line["accounts"]?.text.flatMap(Hexadecimal.decode),
                let opened = seal.open(sealed, of: key, ordinal: Int(ordinal)), opened.count == rows.count
            else { return nil }
            accounts = opened
        }
        for (index, row) in rows.enumerated() {
            guard
                let columns = row.array, columns.count == 7,
                let reference = columns[0].text, let amount = columns[1].integer, let hash = columns[2].text,
                let fate = fate(columns[3].text, columns[4].text, columns[5].integer),
                let mask = columns[6].text.flatMap(SimulatedItem.Mask.init(rawValue:))
            else { return nil }
            hashes.append(hash)
            items.append(
                SimulatedItem(
                    reference: reference,
                    accountNumber: accounts?[index] ?? "",
                    amount: amount,
                    fate: fate,
                    mask: mask
                )
            )
        }
        let batch = SimulatedBatch(
            key: key,
            ordinal: Int(ordinal),
            direction: direction,
            currency: currency,
            totalAmount: total,
            bodySHA256: body,
            takenAt: time,
            visibleAt: visible,
            readyAt: ready,
            items: items
        )
        return (batch, hashes)
    }

    private static func fate(_ outcome: String?, _ code: String?, _ time: Int64?) -> SimulatedItem.Fate? {
        guard let time else { return nil }
        let code = code.flatMap(ItemCode.init(rawValue:))
        switch outcome {
        case "paid": return .paid(at: time)
        case "refused": return code.map { .refused($0, at: time) }
        case "refused_at_submit": return code.map { .refusedAtSubmit($0) }
        case "never": return .neverFinished
        default: return nil
        }
    }
}

extension Truth {
    /// The hash under which a truth file knows an account: lower-case hexadecimal SHA-256 of the number's UTF-8 bytes.
    package static func accountSHA256(_ accountNumber: String) -> String {
        Hexadecimal.encode(SHA256.hash(Array(accountNumber.utf8)))
    }
}
