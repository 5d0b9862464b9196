/// Serves one control request: how the channels fare, or a change of that.
///
/// `GET /channels` tells; `POST /channels/NAME/CONDITION` changes, and tells when the change is in force. No part of
/// any dialect, and never on a channel's port.
struct ControlHandler {
    private static let limit: Int64 = 5_000

    /// The channels' state as JSON.
    let status: () -> [UInt8]
    /// Changes a channel; `false` if there is none of that name.
    let change: (_ channel: String, _ condition: ChannelCondition) throws(SimulatorError) -> Bool

    /// Serves one request and ends the connection.
    func serve(_ connection: consuming HTTPConnection) throws(SimulatorError) {
        let response: HTTPResponse
        switch connection.readHead(idle: Self.limit, limit: Self.limit) {
        case .bytes(let head): response = try answer(head)
        case .over: return
        case .tooLong: response = HTTPResponse(refusal: 431)
        }
        if connection.send(response.head(keepsAlive: false) + response.body, limit: Self.limit) {
            connection.finish(limit: Self.limit)
        }
    }

    private func answer(_ bytes: [UInt8]) throws(SimulatorError) -> HTTPResponse {
        guard let head = HTTPRequestHead(bytes[...]) else { return HTTPResponse(refusal: 400) }
        let path = head.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard path.count >= 2, path[1] == "channels" else { return HTTPResponse(refusal: 404) }
        switch (head.method, path.count) {
        case ("GET", 2): break
        case ("POST", 4):
            guard let condition = ChannelCondition(rawValue: path[3]), try change(path[2], condition) else {
                return HTTPResponse(refusal: 404)
            }
        case ("GET", _): return HTTPResponse(refusal: 404)
        default: return HTTPResponse(refusal: 405)
        }
        return HTTPResponse(status: 200, contentType: "application/json; charset=utf-8", body: status())
    }
}
