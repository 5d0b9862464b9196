/// What has befallen a company as a whole, whatever its plan says; the raw value is its name in a control request.
///
/// It may change while the server runs. None but `slow` lets a message reach the company, so none moves money.
package enum ChannelCondition: String, Sendable, CaseIterable {
    case healthy
    /// Its port refuses connections; those it had go on.
    case refused
    /// Takes connections and reads requests, but never answers, as long as the hold lasts.
    case blackHole = "black_hole"
    /// Decides as ever, and sends each answer byte by byte, as long as the hold lasts.
    case slow
    /// A proxy answers 503 in its place.
    case failing = "http_500"
}
