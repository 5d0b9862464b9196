import CLibCurl

/// A request that libcurl is working on; lives on the loop's thread only.
final class ActiveTransfer {
    let pending: PendingTransfer
    private var easy: EasyHandle
    private var reader: ResponseReader
    /// Set by libcurl's hook between the handshake and the first byte: from then on nothing proves "not sent" (R4).
    private var sentAt: SuspendAwareInstant?
    /// Why one of our callbacks made libcurl stop.
    private var stopped: (code: TransferFailure.Code, reason: String)?
    private var lastProgressAt: SuspendAwareInstant
    private var progressByteCount: curl_off_t = 0

    var handle: UnsafeMutableRawPointer { easy.pointer }
    var optionsResult: CURLcode { easy.optionsResult }

    /// Prepares the handle; `now` is when the transfer leaves the queue.
    init(_ pending: PendingTransfer, at now: SuspendAwareInstant) {
        let request = pending.request
        self.pending = pending
        easy = EasyHandle()
        reader = ResponseReader(
            bodyBytesMax: request.responseBytesMax,
            headerBytesMax: request.responseHeaderBytesMax
        )
        lastProgressAt = now
        easy.setPolicy(isPlain: pending.target.isPlain)
        setRequest(request)
        setLimits(request, at: now)
        setCallbacks()
    }

    // MARK: Options

    private func setRequest(_ request: TransferRequest) {
        easy.set(CURLOPT_URL, request.url)
        // The path is part of what was signed.
        easy.set(CURLOPT_PATH_AS_IS, 1)
        switch request.method {
        case .get:
            easy.set(CURLOPT_HTTPGET, 1)
        case .post:
            easy.set(CURLOPT_POST, 1)
            easy.setBody(request.body)
        }
        let given = Set(request.headers.map { $0.0.lowercased() })
        // What libcurl would add may change with its version; the bytes of a request may not (R6).
        let suppressed = ["Accept", "Content-Type", "User-Agent", "Expect"].filter { !given.contains($0.lowercased()) }
        easy.setHeaders(
            request.headers.map { $0.1.isEmpty ? "\($0.0);" : "\($0.0): \($0.1)" } + suppressed.map { "\($0):" }
        )
        easy.setTrust(request.trust)
    }

    private func setLimits(_ request: TransferRequest, at now: SuspendAwareInstant) {
        easy.set(CURLOPT_CONNECTTIMEOUT_MS, request.deadlines.connect.millisecondsForLibcurl)
        easy.set(CURLOPT_TIMEOUT_MS, now.duration(to: pending.expiresAt).millisecondsForLibcurl)
        easy.set(CURLOPT_MAXFILESIZE_LARGE, offset: request.responseBytesMax)
    }

    private func setCallbacks() {
        // The loop keeps this object in its table until the handle is removed, so the pointer stays valid.
        let context = Unmanaged.passUnretained(self).toOpaque()
        easy.set(CURLOPT_WRITEDATA, context: context)
        easy.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let context, let transfer = ActiveTransfer.from(context) else { return 0 }
            return transfer.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        easy.set(CURLOPT_HEADERDATA, context: context)
        easy.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let context, let transfer = ActiveTransfer.from(context) else { return 0 }
            return transfer.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        easy.set(CURLOPT_XFERINFODATA, context: context)
        easy.setProgress { context, _, downloaded, _, uploaded in
            guard let context, let transfer = ActiveTransfer.from(context) else { return 1 }
            transfer.noteProgress(downloaded + uploaded)
            return 0
        }
        easy.set(CURLOPT_NOPROGRESS, 0)
        easy.set(CURLOPT_PREREQDATA, context: context)
        easy.setPrerequest { context, _, _, _, _ in
            guard let context, let transfer = ActiveTransfer.from(context) else { return CURL_PREREQFUNC_ABORT }
            return transfer.mayBegin() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
        easy.set(CURLOPT_OPENSOCKETDATA, context: context)
        easy.setOpenSocket { context, _, address in
            guard let context, let address, let transfer = ActiveTransfer.from(context),
                transfer.mayConnect(isLoopback: sluice_curl_is_loopback(address) != 0)
            else { return CURL_SOCKET_BAD }
            return sluice_curl_open_socket(address)
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer) -> ActiveTransfer? {
        Unmanaged<ActiveTransfer>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: Callbacks

    /// The last look before the first byte (R10); libcurl calls it after the handshake, once.
    private func mayBegin() -> Bool {
        let now = SuspendAwareInstant.now()
        if let refusal = pending.refusal(at: now) {
            stopped = refusal
            return false
        }
        sentAt = now
        lastProgressAt = now
        pending.request.beforeFirstByte?()
        return true
    }

    private func mayConnect(isLoopback: Bool) -> Bool {
        guard pending.target.isPlain, !isLoopback else { return true }
        stopped = (.refusedByPolicy, "the host name of a plain HTTP request leads to another machine")
        return false
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastProgressAt = .now()
        guard reader.takeHeaderLine(bytes) else {
            stopped = (.responseTooLarge, "the answer's head is longer than allowed")
            return false
        }
        return true
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastProgressAt = .now()
        guard reader.takeBody(bytes) else {
            stopped = (.responseTooLarge, "the answer's body is longer than allowed")
            return false
        }
        return true
    }

    private func noteProgress(_ byteCount: curl_off_t) {
        guard byteCount != progressByteCount else { return }
        progressByteCount = byteCount
        lastProgressAt = .now()
    }

    // MARK: Ends

    /// When the loop must look at this transfer again though nothing moved.
    var nextLimit: SuspendAwareInstant {
        guard sentAt != nil else { return pending.expiresAt }
        return min(pending.expiresAt, lastProgressAt.advanced(by: pending.request.deadlines.stall))
    }

    /// Why the loop must end the transfer at `now`, if so.
    ///
    /// libcurl has the total deadline too, but on a clock that stands still while the machine is suspended.
    func interruption(at now: SuspendAwareInstant) -> (code: TransferFailure.Code, reason: String)? {
        if pending.isCancelled {
            return sentAt == nil
                ? (.cancelledBeforeSend, "the task was cancelled before the request began")
                : (.cancelled, "the task was cancelled after the request began")
        }
        if now >= pending.expiresAt { return (.timeout, "the total deadline passed") }
        if sentAt != nil, now >= nextLimit { return (.timeout, "no byte moved for the length of the stall deadline") }
        return nil
    }

    /// Ends the transfer without libcurl's result.
    func finish(interrupted reason: (code: TransferFailure.Code, reason: String)) {
        pending.finish(failed(reason.code, reason.reason))
    }

    /// Ends the transfer because the loop stops.
    func finishStopped() {
        finish(
            interrupted: sentAt == nil
                ? (.cancelledBeforeSend, "the loop was shut down before the request began")
                : (.cancelled, "the loop was shut down after the request began")
        )
    }

    /// Ends the transfer with libcurl's result.
    func finish(_ result: CURLcode) {
        if let stopped {
            pending.finish(failed(stopped.code, stopped.reason))
        } else if result == CURLE_OK {
            pending.finish(answered())
        } else {
            pending.finish(failed(TransferFailure.Code(result), result.sentence))
        }
    }

    private func failed(_ code: TransferFailure.Code, _ reason: String) -> TransferOutcome {
        let bytesSent =
            sentAt == nil ? 0 : Int64(easy.long(CURLINFO_REQUEST_SIZE)) + easy.offset(CURLINFO_SIZE_UPLOAD_T)
        let failure = TransferFailure(code: code, peer: pending.target.peer, reason: reason, bytesSent: bytesSent)
        return sentAt == nil ? .notSent(failure) : .unknown(failure)
    }

    /// libcurl is content; what it would let pass is looked at here.
    private func answered() -> TransferOutcome {
        let status = easy.long(CURLINFO_RESPONSE_CODE)
        guard let sentAt else { preconditionFailure("an answer came before its request began") }
        guard status >= 200 else { return failed(.protocolViolation, "the answer has no final status") }
        switch reader.framing {
        case _ where status == 204 || status == 304: break
        case .chunked: break
        case .length(let byteCount):
            guard byteCount == reader.body.count else { return failed(.truncated, "the answer has another length") }
        case .contradictory:
            return failed(.protocolViolation, "the answer is unclear about its length")
        case .none:
            // Over TLS, too: libcurl takes a connection that breaks off without close_notify for a complete answer.
            return failed(.truncated, "the answer states no length, so its end cannot be proven")
        }
        return .answered(
            TransferResponse(
                status: status,
                headers: reader.headers,
                body: reader.body,
                sentAt: sentAt,
                answeredAt: .now(),
                timings: TransferTimings(
                    connect: .microseconds(
                        max(easy.offset(CURLINFO_CONNECT_TIME_T), easy.offset(CURLINFO_APPCONNECT_TIME_T))
                    ),
                    firstByte: .microseconds(easy.offset(CURLINFO_STARTTRANSFER_TIME_T)),
                    total: .microseconds(easy.offset(CURLINFO_TOTAL_TIME_T))
                )
            )
        )
    }
}
