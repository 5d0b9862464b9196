import Testing
import sluice_bench

@Suite struct ProgramWatchTests {
    private static let stat = "42 (a) b) R 1 42 42 0 -1 4194304 900 0 0 0 150 25 0 0 20 0 3 0 99 1000 20 0 0"

    @Test func `memory and processor time are read whatever the program is called`() {
        var watch = ProgramWatch()
        watch.note(status: "Name:\ta\nVmPeak:\t  90000 kB\nVmHWM:\t   54321 kB\nVmRSS:\t  100 kB\n", stat: Self.stat)
        #expect(watch.peakKibibytes == 54_321)
        #expect(watch.processor == .milliseconds(1_750))
    }

    @Test func `a look at a program that has just ended takes nothing back`() {
        var watch = ProgramWatch()
        watch.note(status: "VmHWM:\t   54321 kB\n", stat: Self.stat)
        watch.note(status: "Name:\ta\nState:\tZ (zombie)\n", stat: "42 (a")
        #expect(watch.peakKibibytes == 54_321)
        #expect(watch.processor == .milliseconds(1_750))
    }
}
