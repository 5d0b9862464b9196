import BatchFiles
import PaymentCore
import Review
import SharedFileTesting
import Store
import Synchronization
import Testing

/// What reviewers see: masked, and safe for a terminal.
@Suite struct ShownTests {
    @Test func `a record is shown column by column, masked, with what fails marked`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(
            .line(7),
            GoodRecord.texts("A-7", .amount, "12.345"),
            reasons: [GoodRecord.reason(.amountTooManyDecimals, .amount, "12.345")]
        )
        let found = try await desk.review().history(of: key)
        let shown = try #require(found)
        #expect(shown.fields.map(\.name) == QuarantineDesk.form.fields.map(\.rawValue))
        #expect(shown.fields.filter(\.isFailing).map(\.name) == ["amount"])
        let sent = Dictionary(uniqueKeysWithValues: shown.fields.map { ($0.name, $0.sent) })
        #expect(sent["account_number"] == "622848*********8109" && sent["account_name"] == "张*")
        #expect(sent["amount"] == "12.345" && sent["execution_date"] == .some(nil))
        #expect(shown.record.reasons.map(\.mend) == [ReasonCode.amountTooManyDecimals.mend])
        #expect(!shown.record.reasons[0].canBeAccepted)
    }

    @Test func `an amended record shows who changed what, and what is wrong now`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(
            .line(7),
            GoodRecord.texts("A-7", .amount, "12.345"),
            reasons: [GoodRecord.reason(.amountTooManyDecimals, .amount, "12.345")]
        )
        let review = try desk.review()
        let session = try QuarantineDesk.session()
        for (field, text) in [(RecordField.accountName, "李四"), (.amount, "12.35")] {
            _ = try await review.amend(
                RequestedAmendment(
                    selection: .named([key]),
                    rules: [.set(field, to: text)],
                    comment: "call with 6228480040106028109\u{1B}[2J"
                ),
                session: session
            )
        }
        let found = try await review.history(of: key)
        let shown = try #require(found)
        let changes = shown.amendments.map { $0.changes.map { [$0.field, $0.before, $0.after] } }
        #expect(changes == [[["account_name", "张*", "李*"]], [["amount", "12.345", "12.35"]]])
        #expect(shown.amendments.map(\.login) == ["rita", "rita"])
        #expect(shown.amendments[0].comment == "call with 622848*********8109\\u{1B}[2J")
        #expect(shown.amendments[0].remaining.map(\.code) == ["amount_too_many_decimals"])
        #expect(!shown.fields.contains(where: \.isFailing) && shown.record.current.isEmpty)
        #expect(shown.fields.filter { $0.amended != nil }.map(\.amended) == ["李*", "12.35"])
    }

    @Test func `unmasking shows what is starred, and says why it was asked for first`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(7), GoodRecord.texts("A-7", .purpose, "\u{1B}[2Jrent\u{202E}"))
        let found = try await desk.review().unmask(
            key,
            reason: "by phone",
            session: try QuarantineDesk.session()
        )
        let clear = try #require(found)
        let sent = Dictionary(uniqueKeysWithValues: clear.fields.map { ($0.name, $0.sent) })
        #expect(sent["account_number"] == GoodRecord.account && sent["account_name"] == "张三")
        #expect(sent["purpose"] == "\\u{1B}[2Jrent\\u{202E}")
        #expect(clear.line?.contains(GoodRecord.account) == true && clear.line?.contains("\u{1B}") == false)
        #expect(desk.state.withLock { $0.unmasked } == ["by phone"])
    }

    @Test func `a line that is no text is unmasked byte by byte`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(7), nil)
        desk.state.withLock { $0.rows[key]?.raw = [0x41, 0x1B, 0xD5, 0xC5] }
        let found = try await desk.review().unmask(key, reason: "x", session: try QuarantineDesk.session())
        #expect(found?.line == "A\\u{1B}\\xD5\\xC5")
        #expect(found?.fields.allSatisfy { $0.sent == nil && $0.amended == nil } == true)
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/naughty-strings/files")), arguments: RecordField.allCases)
    func `hostile texts are shown without a control character, in the clear or starred`(
        field: RecordField
    )
        async throws
    {
        let desk = QuarantineDesk()
        let texts = try HostileTexts.all()
        #expect(texts.count > 500)
        for (index, text) in texts.enumerated() {
            desk.put(
                .line(Int32(index + 1)),
                GoodRecord.texts("A-\(index)", field, text),
                reasons: [
                    QuarantineReason(code: text, field: text, maskedValue: text, mend: text),
                    GoodRecord.reason(.controlCharacter, field, text),
                ],
                isOwner: false
            )
        }
        let review = try desk.review()
        let session = try QuarantineDesk.session()
        // What a person sets is no safer than what a merchant sends.
        for (index, text) in texts.enumerated() where index.isMultiple(of: 7) {
            let key = RecordKey.line(Int32(index + 1))
            let report = try await review.amend(
                RequestedAmendment(selection: .named([key]), rules: [.set(.purpose, to: text)], comment: text),
                session: session
            )
            let words =
                report.examples.flatMap { [$0.before, $0.after] } + report.refused.flatMap { [$0.code, $0.mend] }
            #expect(words.allSatisfy(HostileTexts.isSafe), "\(index)")
        }
        for index in texts.indices {
            let key = RecordKey.line(Int32(index + 1))
            let history = try await review.history(of: key)
            let clear = try await review.unmask(key, reason: "x", session: session)
            let shown = Self.texts(in: try #require(history)) + Self.texts(in: try #require(clear))
            #expect(shown.allSatisfy(HostileTexts.isSafe), "text \(index) in \(field)")
        }
    }

    /// Every text that a value shows, however deep it stands.
    private static func texts(in value: Any) -> [String] {
        if let text = value as? String { return [text] }
        return Mirror(reflecting: value).children.flatMap { texts(in: $0.value) }
    }
}
