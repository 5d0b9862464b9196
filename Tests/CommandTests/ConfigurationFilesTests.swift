import BatchFiles
import Compression
import Foundation
import PaymentCore
import Pipeline
import Store
import Testing
import Transcoding
import sluice

@Suite struct ConfigurationFilesTests {
    /// The project's own folder.
    static let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private func catalogue() throws -> Catalogue {
        try Catalogue.load(try Configuration.load(directory: "\(Self.project)/Config", variables: [:]))
    }

    @Test func `the project's own configuration loads whole`() throws {
        let catalogue = try catalogue()
        #expect(catalogue.channels.keys.map(\.value).sorted() == ["harbor", "meridian"])
        #expect(
            catalogue.formats.keys.sorted()
                == [
                    "nacha-ppd", "pain-001", "pain-008", "payout-csv-utf8", "withhold-bar-gb18030",
                    "withhold-fixed-gbk",
                ]
        )
        #expect(catalogue.merchants.keys.map(\.value).sorted() == ["MER-PAYOUT", "MER-WITHHOLD"])
        for direction in Direction.allCases {
            let number = MerchantNumber("MER-\(direction.rawValue.uppercased())")
            let profile = try #require(catalogue.merchants[number])
            #expect(
                profile.routes == [
                    direction: [
                        Route(channel: ChannelName("harbor"), weight: 60),
                        Route(channel: ChannelName("meridian"), weight: 40),
                    ]
                ]
            )
            #expect(profile.rules.severity(of: .accountCheckDigit) == .quarantine)
            #expect(profile.rules.banks?.contains("102100099996".utf8.span) == true)
            #expect(profile.rules.banks?.contains("999100099996".utf8.span) == false)
            #expect(profile.rules.amountMinorMax == [.cny: 500_000_000])
            #expect(profile.resultDueAfter == .hours(24))
            // What the sample files write is what holds without it.
            #expect(profile.duplicates == DuplicateRules())
            #expect(
                profile.ceilings
                    == MerchantCeilings(file: [.cny: 10_000_000_000_000], day: [.cny: 100_000_000_000_000])
            )
        }
    }

    @Test func `a layout says what its file says`() throws {
        let formats = try catalogue().formats
        guard case .delimited(let payout) = formats["payout-csv-utf8"]?.format,
            case .delimited(let withhold) = formats["withhold-bar-gb18030"]?.format
        else {
            Issue.record("the two layouts are delimited")
            return
        }
        #expect(payout.separator == UInt8(ascii: ","))
        #expect(payout.quote == UInt8(ascii: "\""))
        #expect(payout.header == .columnTitles)
        #expect(payout.trailer == nil)
        #expect(withhold.charset == .gb18030)
        #expect(withhold.quote == nil)
        #expect(withhold.trailer?.mark == "TRAILER")
        #expect(withhold.amountUnit == .minor)
        #expect(withhold.columns.map(\.isRequired) == [true, true, true, true, true, false])
    }

    @Test func `a layout of NACHA files says what its file says`() throws {
        guard case .nacha(let layout) = try catalogue().formats["nacha-ppd"]?.format else {
            Issue.record("the layout is of NACHA files")
            return
        }
        #expect(layout.direction == .payout)
        #expect(layout.entryClasses == [.ppd])
        #expect(layout.serviceClasses == [.creditsAndDebits, .credits])
        #expect(layout.effectiveDate == .notBeforeCreation)
        #expect(layout.form.defaultCurrency == Currency(code: "USD"))
    }

    @Test(arguments: [
        ("intake", [Engine.Stage.intake, .plan]), ("submit", [.submit]), ("poll", [.poll]), ("settle", [.settle]),
        ("all", Engine.Stage.ofWorkers),
    ]) func `each job of the project loads`(_ name: String, _ stages: [Engine.Stage]) throws {
        let job = try JobFile.load(name, folder: "\(Self.project)/Jobs")
        #expect(job.stages == Set(stages))
        #expect(job.schedule.windows.map(\.lengthMinutes) == [1_440])
        #expect(try job.schedule.opening(at: Timestamp(unixMicroseconds: 1_780_275_600_000_000)) != nil)
    }

    @Test func `the job that archives has the night for it, and nothing else to do`() throws {
        let job = try JobFile.load("archive", folder: "\(Self.project)/Jobs")
        #expect(job.stages == [.archive])
        #expect(job.schedule.windows.map(\.opensAtMinute) == [60] && job.schedule.windows.map(\.lengthMinutes) == [240])
        #expect(job.deadline == .hours(4) && !job.catchesUp)
    }

    @Test func `an unknown job is refused with the names that there are`() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try JobFile.load("intaek", folder: "\(Self.project)/Jobs")
        }
        #expect(error?.description.contains("all, archive, intake, poll, settle, submit") == true)
    }

    @Test(arguments: [
        ("window: {zone: Asia/Shanghai, opens: \"25:00\", length: 1h}", ":4:38: ", "time of day"),
        ("window: {zone: Asia/Nowhere, opens: \"09:00\", length: 1h}", ":4:16: ", "time zone"),
        ("window: {zone: Asia/Shanghai, opens: \"09:00\", length: 25h}", ":4:55: ", "out of range"),
        ("window: {zone: Asia/Shanghai, opens: \"09:00\", length: 1h, catchup: true}", ":4:59: ", "catchup"),
    ]) func `a job with a mistake is refused with its place`(
        _ window: String,
        _ place: String,
        _ word: String
    ) throws {
        let fixture = try ConfigurationFixture()
        try fixture.write(
            "job: nightly\ntitle: Nightly\nstages: [submit]\n\(window)\ndeadline: 1h\n",
            to: "jobs/nightly.yaml"
        )
        let error = #expect(throws: (any Error).self) {
            try JobFile.load("nightly", folder: "\(fixture.folder)/jobs")
        }
        let words = error.map { "\($0)" } ?? ""
        #expect(words.contains("nightly.yaml\(place)") && words.contains(word), "\(words)")
    }

    @Test(arguments: [
        ("weight: 60", "weight: 0", "out of range"), ("channel: harbor", "channel: harbour", "harbor, meridian"),
        ("channel: meridian", "channel: harbor", "twice"),
        ("account_check_digit: quarantine", "missing_field: warn", "no order can be made"),
        ("account_check_digit: quarantine", "bad_account: warn", "no reason"),
        ("merchant: MER-PAYOUT", "merchant: MER-OTHER", "name of the file"),
        ("same_name: hold", "same_name: refuse", "allowed: `hold`, `off`, `warn`"),
        ("superseding: false", "superseding: \"false\"", "unquoted"),
        ("same_payment: warn", "same_payment: hold", "allowed: `off`, `warn`"),
        ("same_payment: warn", "same_payment: off", "leave the key out"),
        ("same_payment_days: 1", "same_payment_days: 32", "from 0 to 31"),
        ("currencies: [CNY]", "currencies: [RMB]", "ISO 4217"), ("banks: [", "banks: [\"\", ", "1 to 15 bytes"),
        ("file: {CNY: 1", "file: {RMB: 1", "ISO 4217"), ("file: {CNY: 1", "file: {CNY: -1", "out of range"),
        ("file: {CNY", "week: {CNY", "week"), ("tolerance:", "tolerances:", "tolerance"),
        ("result_due_after: 1d", "result_due_after: 1", "unit"),
        ("currencies: [CNY]", "currencies: []", "leave the key out to agree to every one"),
        ("account_check_digit: quarantine", "duplicate_of_earlier_file: refuse_file", "too late; write quarantine"),
        ("account_check_digit: quarantine", "duplicate_of_quarantined: refuse_file", "too late; write quarantine"),
        ("account_form: digits", "calendar: china\n  account_form: digits", "no calendar `china`"),
        ("account_form: digits", "id_number_form: passport\n  account_form: digits", "id_number_form"),
        ("bad_per_ten_thousand_max: 500", "bad_per_ten_thousand_limit: 400", "held for (500)"),
        ("count_difference_max: 0", "difference_per_ten_thousand_max: 10001", "out of range"),
    ]) func `a merchant with a mistake is refused with file, place and mend`(
        _ right: String,
        _ wrong: String,
        _ word: String
    ) throws {
        let fixture = try ConfigurationFixture()
        let config = "\(Self.project)/Config"
        for name in ["harbor", "meridian"] {
            try fixture.write(
                try String(contentsOfFile: "\(config)/channels/\(name).yaml", encoding: .utf8),
                to: "channels/\(name).yaml"
            )
        }
        let merchant = try String(contentsOfFile: "\(config)/merchants/MER-PAYOUT.yaml", encoding: .utf8)
        try #require(merchant.contains(right))
        try fixture.write(
            merchant.replacingOccurrences(of: right, with: wrong),
            to: "merchants/MER-PAYOUT.yaml"
        )
        let error = #expect(throws: (any Error).self) { try Catalogue.load(try fixture.load()) }
        let report = error.map { ErrorReport($0) }
        #expect(report?.status == .configuration)
        #expect(report?.words?.contains("MER-PAYOUT.yaml:") == true, "\(report?.words ?? "")")
        #expect(report?.words?.contains(word) == true, "\(report?.words ?? "")")
    }

    @Test func `a merchant's rules about fields, earlier records and shares arrive where they belong`() throws {
        let fixture = try ConfigurationFixture()
        let config = "\(Self.project)/Config"
        for path in ["channels/harbor.yaml", "channels/meridian.yaml", "calendars/weekdays.yaml"] {
            try fixture.write(try String(contentsOfFile: "\(config)/\(path)", encoding: .utf8), to: path)
        }
        let merchant = try String(contentsOfFile: "\(config)/merchants/MER-PAYOUT.yaml", encoding: .utf8)
            .replacingOccurrences(
                of: "account_form: digits",
                with: "id_number_form: uscc\n  calendar: weekdays\n  account_form: digits"
            )
            .replacingOccurrences(
                of: "account_check_digit: quarantine",
                with: "{same_payment: off, duplicate_in_file: refuse_file}"
            )
            .replacingOccurrences(
                of: "bad_per_ten_thousand_max: 500",
                with: "bad_per_ten_thousand_max: 5\n  bad_per_ten_thousand_limit: 50"
                    + "\n  difference_per_ten_thousand_max: 7\n  bad_records_free: 3"
            )
        try fixture.write(merchant, to: "merchants/MER-PAYOUT.yaml")
        let catalogue = try Catalogue.load(try fixture.load())
        let number = MerchantNumber("MER-PAYOUT")
        let profile = try #require(catalogue.merchants[number])
        #expect(profile.rules.identityForm == .socialCreditCode)
        #expect(profile.rules.calendar?.name == "weekdays")
        #expect(profile.rules.severity(of: .samePayment) == .off)
        #expect(profile.rules.severity(of: .duplicateInFile) == .refuseFile)
        #expect(
            profile.tolerance
                == FileTolerance(
                    differencePerTenThousandMax: 7,
                    badPerTenThousandMax: 5,
                    badRecordsFree: 3,
                    badPerTenThousandLimit: 50
                )
        )
        let date = BusinessDate(year: 2026, month: 11, day: 20)
        let configuration = catalogue.engineConfiguration(limits: EngineLimits())
        let context = configuration.recordContext(merchant: number, direction: .payout, businessDate: date)
        // Both channels carry the same.
        #expect(
            context.channels
                == [ChannelReach(currencies: [.cny], amountMinorMax: 500_000_000, text: TextProfile())]
        )
        #expect(context.businessDate == date)
        let other = configuration.recordContext(merchant: number, direction: .withhold, businessDate: date)
        #expect(other.channels.isEmpty)
    }

    @Test(arguments: [
        ("same_payment: warn\n  same_payment_days: 1", "same_payment: off", Severity.warn, Int?.none),
        ("account_check_digit: quarantine", "same_payment: off", Severity.off, 1),
        ("account_check_digit: quarantine", "same_payment: quarantine", Severity.quarantine, 1),
    ]) func `payments of one file and those of several are compared by keys of their own`(
        _ right: String,
        _ other: String,
        _ inFile: Severity,
        _ daysAcross: Int?
    ) throws {
        let fixture = try ConfigurationFixture()
        let config = "\(Self.project)/Config"
        for path in ["channels/harbor.yaml", "channels/meridian.yaml"] {
            try fixture.write(try String(contentsOfFile: "\(config)/\(path)", encoding: .utf8), to: path)
        }
        let merchant = try String(contentsOfFile: "\(config)/merchants/MER-PAYOUT.yaml", encoding: .utf8)
            .replacingOccurrences(of: " +#.*", with: "", options: .regularExpression)
        try #require(merchant.contains(right))
        try fixture.write(
            merchant.replacingOccurrences(of: right, with: other),
            to: "merchants/MER-PAYOUT.yaml"
        )
        let profile = try #require(try Catalogue.load(try fixture.load()).merchants[MerchantNumber("MER-PAYOUT")])
        #expect(profile.rules.severity(of: .samePayment) == inFile)
        #expect(profile.duplicates.samePaymentDays == daysAcross)
    }

    @Test(arguments: [
        ("wrapping: none", Wrapping.none), ("wrapping: gzip", Wrapping(.gzip)), ("wrapping: zip", Wrapping(.zip)),
        (
            "wrapping: deflate_base64\nwrapping_limits: {content_bytes_max: 5000, ratio_max: 50}",
            Wrapping(.deflateBase64, limits: UnpackLimits(bytesMax: 5_000, ratioMax: 50))
        ),
        ("wrapping: zip\nwrapping_limits: {ratio_max: 9}", Wrapping(.zip, limits: UnpackLimits(ratioMax: 9))),
    ]) func `a layout of any format may say how files are packed`(_ lines: String, _ wrapping: Wrapping) throws {
        for name in ["payout-csv-utf8", "withhold-fixed-gbk"] {
            let declared = try Self.layout(name, beginningWith: lines)
            #expect(declared.wrapping == wrapping)
            #expect(declared.name == name)
        }
    }

    @Test(arguments: [
        ("wrapping: rar", ":1:11: ", "deflate_base64"),
        ("wrapping_limits: {ratio_max: 9}", ":1:1: ", "not packed"),
        ("wrapping: gzip\nwrapping_limits: {ratio_max: 1}", ":2:30: ", "out of range"),
        ("wrapping: gzip\nwrapping_limits: {content_bytes_max: 10}", ":2:38: ", "out of range"),
        ("wrapping: gzip\nwrapping_limits: {bytes_max: 5000}", ":2:19: ", "content_bytes_max"),
        ("wraping: gzip", ":1:1: ", "wrapping"),
    ]) func `a wrapping with a mistake is refused with its place`(_ lines: String, _ place: String, _ word: String) {
        let error = #expect(throws: (any Error).self) { try Self.layout("payout-csv-utf8", beginningWith: lines) }
        let words = error.map { "\($0)" } ?? ""
        #expect(words.contains("payout-csv-utf8.yaml\(place)") && words.contains(word), "\(words)")
    }

    /// A layout of the project with lines put before its own.
    private static func layout(_ name: String, beginningWith lines: String) throws -> DeclaredFormat {
        let fixture = try ConfigurationFixture()
        let layout = try String(contentsOfFile: "\(project)/Config/layouts/\(name).yaml", encoding: .utf8)
        try fixture.write("\(lines)\n\(layout)", to: "layouts/\(name).yaml")
        return try #require(try Catalogue.formats(try fixture.load())[name])
    }

    @Test func `a channel of the other class keeps the deployment from starting`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write(
            try String(contentsOfFile: "\(Self.project)/Config/channels/harbor.yaml", encoding: .utf8),
            to: "channels/harbor.yaml"
        )
        _ = try Catalogue.load(try fixture.load())
        let production = try fixture.load(["SLUICE_ENVIRONMENT_CLASS": "production"])
        let error = #expect(throws: ConfigurationError.self) { try Catalogue.load(production) }
        #expect(error?.description.contains("R13") == true)
    }

    @Test func `a file that ends in yml would silently be left out, so it is refused`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("name: x", to: "layouts/x.yml")
        let error = #expect(throws: ConfigurationError.self) { try Catalogue.load(try fixture.load()) }
        #expect(error?.description.contains(".yaml") == true)
    }
}
