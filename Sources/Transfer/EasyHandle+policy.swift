import CLibCurl

extension EasyHandle {
    /// One connection, one protocol, and nothing that libcurl would do by itself (R11).
    mutating func setPolicy(isPlain: Bool) {
        // libcurl sends a request again when a reused connection turns out dead.
        set(CURLOPT_FRESH_CONNECT, 1)
        set(CURLOPT_FORBID_REUSE, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_PROTOCOLS_STR, isPlain ? "http" : "https")
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NOPROXY, "*")
        set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        set(CURLOPT_NOSIGNAL, 1)
        // Ending a transfer must not wait for a resolver that hangs: all lanes share this thread.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSL_SESSIONID_CACHE, 0)
    }

    mutating func setTrust(_ trust: TransferRequest.Trust) {
        guard case .file(let path) = trust else { return }
        set(CURLOPT_CAINFO, path)
        // Else the system's authorities would be trusted beside the file.
        set(CURLOPT_CAPATH, nil)
    }
}
