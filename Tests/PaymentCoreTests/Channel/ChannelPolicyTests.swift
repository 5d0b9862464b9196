import PaymentCore
import Testing

struct ChannelPolicyTests {
    @Test func `a lease outlives the longest call, and a call begins and ends within its life`() {
        let deadlines = ChannelDeadlines(
            connect: .seconds(3),
            total: .seconds(30),
            stall: .seconds(10),
            sendBy: .seconds(5)
        )
        #expect(deadlines.sendLife == .seconds(35))
        #expect(deadlines.lease > deadlines.sendLife)
    }

    @Test func `a resend without a documented duplicate check cannot be configured`() async {
        await #expect(processExitsWith: .failure) {
            _ = ChannelPolicy(
                deadlines: ChannelDeadlines(
                    connect: .seconds(1),
                    total: .seconds(5),
                    stall: .seconds(5),
                    sendBy: .seconds(5)
                ),
                poll: PollCurve(
                    first: .seconds(1),
                    growthPercent: 100,
                    cap: .seconds(1),
                    jitterPercent: 0,
                    countMax: 1
                ),
                unsent: BackOff(first: .seconds(1), growthPercent: 100, cap: .seconds(1)),
                notFound: NotFoundPolicy(grace: .seconds(1), asks: 2, spacing: .seconds(1), conclusion: .resend),
                duplicateCheck: nil
            )
        }
    }

    @Test func `one absence is never enough`() async {
        await #expect(processExitsWith: .failure) {
            _ = NotFoundPolicy(grace: .seconds(1), asks: 1, spacing: .seconds(1), conclusion: .resend)
        }
    }

    @Test func `a grace time does not run backwards`() async {
        await #expect(processExitsWith: .failure) {
            _ = NotFoundPolicy(grace: .seconds(-1), asks: 2, spacing: .zero, conclusion: .review)
        }
    }

    @Test func `a protection window without room for its margin cannot be made`() async {
        await #expect(processExitsWith: .failure) { _ = DuplicateCheck(window: .hours(1), margin: .hours(1)) }
    }

    @Test func `every call has its deadlines`() async {
        await #expect(processExitsWith: .failure) {
            _ = ChannelDeadlines(connect: .seconds(5), total: .seconds(3), stall: .seconds(1), sendBy: .seconds(1))
        }
    }
}
