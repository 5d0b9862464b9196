import Foundation
import PaymentCore
import Pipeline
import Store
import Testing
import sluice

/// `Jobs/*.yaml` and `Config/calendars/*.yaml`.
@Suite struct JobFileTests {
    private static let calendar = """
        calendar: bank
        title: Bank days
        years: {from: 2026, to: 2026}
        working_days: [mon, tue, wed, thu, fri]
        holidays: [2026-10-01..2026-10-07, 2026-12-25]
        make_up_days: [2026-10-10]
        """

    private static func load(_ lines: String, calendar: String = calendar) throws -> JobDefinition {
        let fixture = try ConfigurationFixture()
        try fixture.write("job: nightly\ntitle: Nightly\n\(lines)\n", to: "jobs/nightly.yaml")
        try fixture.write(calendar, to: "calendars/bank.yaml")
        return try JobFile.load(
            "nightly",
            folder: "\(fixture.folder)/jobs",
            calendars: "\(fixture.folder)/calendars"
        )
    }

    @Test func `a job says what its file says`() throws {
        let job = try Self.load(
            """
            stages: [submit, poll]
            windows:
              - {zone: Asia/Shanghai, opens: "09:00", length: 3h, calendar: bank}
              - {zone: Europe/Berlin, opens: "22:30", length: 90m, days: [mon, fri]}
            lanes: [harbor, meridian/query]
            deadline: 2h
            catch_up: true
            """
        )
        #expect(job.stages == [.submit, .poll])
        #expect(job.deadline == .hours(2))
        #expect(job.catchesUp)
        #expect(
            job.lanes == [
                LaneKey(channel: ChannelName("harbor"), lane: .submit),
                LaneKey(channel: ChannelName("harbor"), lane: .query),
                LaneKey(channel: ChannelName("meridian"), lane: .query),
            ]
        )
        let windows = job.schedule.windows
        #expect(windows.map(\.opensAtMinute) == [540, 1_350])
        #expect(windows.map(\.lengthMinutes) == [180, 90])
        #expect(windows.map(\.zone.identifier) == ["Asia/Shanghai", "Europe/Berlin"])
        #expect(windows.map(\.days) == [Set(Weekday.allCases), [.monday, .friday]])
        let calendar = try #require(windows[0].calendar)
        #expect(windows[1].calendar == nil)
        let october = try (1...10).filter {
            try calendar.isWorkingDay(try #require(BusinessDate(year: 2026, month: 10, day: $0)))
        }
        #expect(october == [8, 9, 10])
    }

    @Test func `what is left out means all lanes, every day, no catching up`() throws {
        let job = try Self.load("stages: [submit]\nwindow: {zone: UTC, opens: \"00:00\", length: 24h}\ndeadline: 1h")
        #expect(job.lanes == nil)
        #expect(!job.catchesUp)
        #expect(job.schedule.windows.map(\.days) == [Set(Weekday.allCases)])
        #expect(job.schedule.calendars.isEmpty)
    }

    @Test(arguments: [
        ("window: {zone: UTC, opens: \"09:00\", length: 90s}", "whole minutes"),
        ("window: {zone: CST, opens: \"09:00\", length: 1h}", "time zone"),
        ("window: {zone: UTC, opens: \"09:00\", length: 1h, days: []}", "no day"),
        ("window: {zone: UTC, opens: \"09:00\", length: 1h, days: [mon, mon]}", "twice"),
        ("window: {zone: UTC, opens: \"09:00\", length: 1h, days: [monday]}", "mon"),
        ("window: {zone: UTC, opens: \"09:00\", length: 1h, calendar: banks}", "name one of: bank"),
        ("windows: []", "empty"),
        ("windows: [{zone: UTC, opens: \"09:00\", length: 1h}, {zone: UTC, opens: \"09:00\", length: 1h}]", "twice"),
        (
            "window: {zone: UTC, opens: \"09:00\", length: 1h}\nwindows: [{zone: UTC, opens: \"19:00\", length: 1h}]",
            "keep one"
        ),
        ("catch_up: true", "no window"),
        ("window: {zone: UTC, opens: \"09:00\", length: 1h}\nlanes: [harbor/query]", "not a lane"),
        ("window: {zone: UTC, opens: \"09:00\", length: 1h}\nlanes: [harbor, harbor/submit]", "twice"),
        ("window: {zone: UTC, opens: \"09:00\", length: 1h}\nlanes: []", "no lane"),
    ]) func `a job with a mistake is refused with its place`(_ lines: String, _ word: String) throws {
        let error = #expect(throws: (any Error).self) { try Self.load("stages: [submit]\n\(lines)\ndeadline: 1h") }
        let report = error.map { ErrorReport($0) }
        #expect(report?.status == .configuration)
        #expect(report?.words?.contains("nightly.yaml:") == true, "\(report?.words ?? "")")
        #expect(report?.words?.contains(word) == true, "\(report?.words ?? "")")
    }

    @Test(arguments: [
        ("[archive, settle]", "a job of its own"), ("[intake, archive]", "a job of its own"),
        ("[archive]\nlanes: [harbor]", "not a lane"), ("[archiving]", "archive"),
    ]) func `a job that archives does nothing else`(_ stages: String, _ word: String) throws {
        let window = "window: {zone: UTC, opens: \"01:00\", length: 4h}\ndeadline: 4h"
        #expect(try Self.load("stages: [archive]\n\(window)").stages == [.archive])
        let error = #expect(throws: (any Error).self) { try Self.load("stages: \(stages)\n\(window)") }
        let report = error.map { ErrorReport($0) }
        #expect(report?.status == .configuration)
        #expect(report?.words?.contains(word) == true, "\(report?.words ?? "")")
    }

    @Test(arguments: [
        ("calendar: bank", "calendar: other", "name of the file"), ("from: 2026", "from: 2027", "out of range"),
        ("[mon, tue, wed, thu, fri]", "[]", "no day"), ("2026-12-25", "2027-12-25", "outside"),
        ("2026-12-25", "2026-02-30", "not a day"), ("2026-12-25", "2026-10-07..2026-10-01", "not a day"),
        ("2026-12-25", "2026-10-03", "twice"), ("2026-10-10", "2026-10-12", "mistyped"),
        ("make_up_days", "makeup_days", "make_up_days"),
    ]) func `a calendar with a mistake is refused with its place`(
        _ right: String,
        _ wrong: String,
        _ word: String
    ) throws {
        try #require(Self.calendar.contains(right))
        let error = #expect(throws: (any Error).self) {
            try Self.load(
                "stages: [submit]\nwindow: {zone: UTC, opens: \"09:00\", length: 1h}\ndeadline: 1h",
                calendar: Self.calendar.replacingOccurrences(of: right, with: wrong)
            )
        }
        let report = error.map { ErrorReport($0) }
        #expect(report?.status == .configuration)
        #expect(report?.words?.contains("bank.yaml:") == true, "\(report?.words ?? "")")
        #expect(report?.words?.contains(word) == true, "\(report?.words ?? "")")
    }

    @Test func `the calendars of the project load, and are meant as examples`() throws {
        let fixture = try ConfigurationFixture()
        for name in ["china", "weekdays"] {
            try fixture.write(
                "job: \(name)\ntitle: T\nstages: [poll]\ndeadline: 1h\n"
                    + "window: {zone: Asia/Shanghai, opens: \"09:00\", length: 1h, calendar: \(name)}\n",
                to: "jobs/\(name).yaml"
            )
        }
        let jobs = try JobFile.all(
            folder: "\(fixture.folder)/jobs",
            calendars: "\(ConfigurationFilesTests.project)/Config/calendars"
        )
        let china = try #require(jobs.first?.schedule.calendars.first)
        let worked = try ["2026-02-14", "2026-02-16", "2026-10-10", "2026-10-11"].map {
            try china.isWorkingDay(try #require(BusinessDate($0)))
        }
        #expect(worked == [true, false, true, false])
    }
}
