import CLibCurl

/// libcurl's handle of one transfer, with the first error that an option met.
struct EasyHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// The first option's failure, or `CURLE_OK`.
    private(set) var optionsResult = CURLE_OK

    init() {
        guard let pointer = curl_easy_init() else { preconditionFailure("libcurl is out of memory") }
        self.pointer = pointer
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(headers)
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        note(sluice_curl_set_long(pointer, option, value))
    }

    mutating func set(_ option: CURLoption, offset value: Int) {
        note(sluice_curl_set_offset(pointer, option, curl_off_t(value)))
    }

    mutating func set(_ option: CURLoption, _ value: String?) {
        note(sluice_curl_set_string(pointer, option, value))
    }

    mutating func set(_ option: CURLoption, context: UnsafeMutableRawPointer) {
        note(sluice_curl_set_pointer(pointer, option, context))
    }

    mutating func set(_ option: CURLoption, callback: @escaping sluice_curl_data_callback) {
        note(sluice_curl_set_data_callback(pointer, option, callback))
    }

    mutating func setPrerequest(_ callback: @escaping curl_prereq_callback) {
        note(sluice_curl_set_prerequest(pointer, callback))
    }

    mutating func setProgress(_ callback: @escaping curl_xferinfo_callback) {
        note(sluice_curl_set_progress(pointer, callback))
    }

    mutating func setOpenSocket(_ callback: @escaping curl_opensocket_callback) {
        note(sluice_curl_set_open_socket(pointer, callback))
    }

    /// libcurl copies the bytes; without any it would read standard input, hence the empty string.
    mutating func setBody(_ body: [UInt8]) {
        set(CURLOPT_POSTFIELDSIZE_LARGE, offset: body.count)
        if body.isEmpty {
            set(CURLOPT_COPYPOSTFIELDS, "")
        } else {
            note(
                body.withUnsafeBytes { bytes in
                    sluice_curl_set_string(
                        pointer,
                        CURLOPT_COPYPOSTFIELDS,
                        bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
                    )
                }
            )
        }
    }

    /// Lines as libcurl wants them: `Name: value`, `Name;` for an empty value, `Name:` to leave one of its own out.
    mutating func setHeaders(_ lines: [String]) {
        for line in lines {
            guard let longer = curl_slist_append(headers, line) else { preconditionFailure("libcurl is out of memory") }
            headers = longer
        }
        note(sluice_curl_set_list(pointer, CURLOPT_HTTPHEADER, headers))
    }

    func long(_ info: CURLINFO) -> Int {
        var value = 0
        return sluice_curl_get_long(pointer, info, &value) == CURLE_OK ? value : 0
    }

    func offset(_ info: CURLINFO) -> Int64 {
        var value: curl_off_t = 0
        return sluice_curl_get_offset(pointer, info, &value) == CURLE_OK ? Int64(value) : 0
    }

    private mutating func note(_ result: CURLcode) {
        if optionsResult == CURLE_OK { optionsResult = result }
    }
}
