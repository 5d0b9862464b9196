import CLibCurl
import Dispatch
import Glibc

/// Whether a peer can be reached: DNS, TCP and TLS as for a request, and not one byte of a request.
package enum PeerProbe {
    /// What became of one attempt to connect.
    package enum Outcome: Sendable {
        /// `certificateExpiresAt`: when the first of the certificates that the peer showed expires, in seconds since
        /// 1970; nil without TLS.
        case connected(certificateExpiresAt: Int64?)
        /// The peer's certificates are verified as for a request, so an expired one is a failure.
        case failed(TransferFailure)
    }

    /// Connects and closes again, within the time given.
    ///
    /// Refused without a connection, as a request would be: an address that breaks a rule of `TransferRequest`.
    package static func connect(
        url: String,
        trust: TransferRequest.Trust = .systemStore,
        plainHTTP: TransferRequest.PlainHTTP = .refused,
        within limit: Duration
    ) async -> Outcome {
        let deadlines = TransferRequest.Deadlines(connect: limit, total: limit, stall: limit)
        let request = TransferRequest(
            method: .get,
            url: url,
            deadlines: deadlines,
            responseBytesMax: 1,
            trust: trust,
            plainHTTP: plainHTTP
        )
        let target: TransferTarget
        do throws(TransferTarget.Refusal) {
            target = try TransferTarget(request)
        } catch {
            return .failed(
                TransferFailure(code: .refusedByPolicy, peer: error.peer, reason: error.reason, bytesSent: 0)
            )
        }
        return await withCheckedContinuation { continuation in
            // libcurl blocks here, for as long as the limit.
            DispatchQueue(label: "peer-probe").async {
                continuation.resume(returning: perform(request, target))
            }
        }
    }

    private static func perform(_ request: TransferRequest, _ target: TransferTarget) -> Outcome {
        precondition(TransferLoop.globalResult == CURLE_OK, "libcurl cannot be initialised")
        var easy = EasyHandle()
        easy.setPolicy(isPlain: target.isPlain)
        easy.setTrust(request.trust)
        easy.set(CURLOPT_URL, request.url)
        easy.set(CURLOPT_CONNECT_ONLY, 1)
        easy.set(CURLOPT_CERTINFO, 1)
        easy.set(CURLOPT_CONNECTTIMEOUT_MS, request.deadlines.connect.millisecondsForLibcurl)
        easy.set(CURLOPT_TIMEOUT_MS, request.deadlines.total.millisecondsForLibcurl)
        let result = easy.optionsResult == CURLE_OK ? curl_easy_perform(easy.pointer) : easy.optionsResult
        guard result == CURLE_OK else {
            return .failed(
                TransferFailure(
                    code: TransferFailure.Code(result),
                    peer: target.peer,
                    reason: result.sentence,
                    bytesSent: 0
                )
            )
        }
        return .connected(certificateExpiresAt: target.isPlain ? nil : easy.certificateExpiry)
    }
}

extension EasyHandle {
    /// When the first certificate of the chain that the peer showed expires; nil if libcurl tells of none.
    fileprivate var certificateExpiry: Int64? {
        var found: UnsafeMutablePointer<curl_certinfo>?
        guard sluice_curl_get_certificates(pointer, &found) == CURLE_OK, let found else { return nil }
        var earliest: Int64?
        for index in 0..<Int(found.pointee.num_of_certs) {
            var line = found.pointee.certinfo[index]
            while let entry = line {
                let text = String(cString: entry.pointee.data)
                if text.hasPrefix("Expire date:"), let moment = CertificateDate.seconds(of: text.dropFirst(12)) {
                    earliest = min(earliest ?? moment, moment)
                }
                line = entry.pointee.next
            }
        }
        return earliest
    }
}

/// A moment as OpenSSL prints it: `Nov  2 12:00:05 2027 GMT`.
enum CertificateDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970; nil for any other form.
    static func seconds(of text: some StringProtocol) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 5, words[4] == "GMT", let month = months.firstIndex(where: { $0 == words[0] }),
            let day = Int32(words[1]), let year = Int32(words[3])
        else { return nil }
        let clock = words[2].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3, (1...31).contains(day), (1950...9999).contains(year) else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1_900, Int32(month), day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        return Int64(timegm(&parts))
    }
}
