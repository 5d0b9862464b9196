import CLibCurl

extension TransferFailure.Code {
    /// The kind of failure that a result of libcurl stands for.
    init(_ code: CURLcode) {
        self =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST: .dns
            case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED: .connect
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
                CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_INITFAILED,
                CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
                .tls
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR: .reset
            case CURLE_FILESIZE_EXCEEDED: .responseTooLarge
            case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING: .truncated
            case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
                .protocolViolation
            case CURLE_URL_MALFORMAT: .refusedByPolicy
            default: .other(Int(code.rawValue))
            }
    }
}

extension CURLcode {
    /// libcurl's own fixed sentence, which holds nothing of the request.
    var sentence: String {
        String(cString: curl_easy_strerror(self))
    }
}
