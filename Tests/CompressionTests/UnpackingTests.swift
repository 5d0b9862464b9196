import Compression
import Testing

/// What holds for every form alike.
@Suite struct UnpackingTests {
    @Test(arguments: PackedForm.allCases, [0, 1, 100, 65_536, 65_537, 3_000_000])
    func `contents come back whatever the parts`(form: PackedForm, byteCount: Int) {
        let contents = DeflateTests.sample(byteCount: byteCount)
        let packed = form.pack(contents)
        for partBytes in [1_000, 65_536, 1 << 20, .max] {
            #expect(form.unpack(packed, partBytes: partBytes) == .success(contents))
        }
    }

    @Test(arguments: PackedForm.allCases)
    func `contents come back from parts of every small size and from every cut`(form: PackedForm) {
        let contents = DeflateTests.sample(byteCount: 700)
        let packed = form.pack(contents)
        for partBytes in 1...packed.count { #expect(form.unpack(packed, partBytes: partBytes) == .success(contents)) }
    }

    @Test(arguments: PackedForm.allCases)
    func `packed bytes that end early are refused wherever they end`(form: PackedForm) {
        let packed = form.pack(DeflateTests.sample(byteCount: 500))
        for count in 0..<packed.count {
            #expect(form.code(Array(packed.prefix(count))) == .truncated, "cut to \(count) bytes")
        }
    }

    @Test(arguments: PackedForm.allCases, [1, 2, 5_000, 1_500_000])
    func `bytes behind the end are refused`(form: PackedForm, byteCount: Int) {
        let more = [UInt8](repeating: UInt8(ascii: "A"), count: byteCount)
        let codes: Set<UnpackError.Code?> =
            form == .deflateBase64 ? [.trailingBytes, .truncated, .notBase64] : [.trailingBytes]
        for partBytes in [64, 65_536, .max] where byteCount / partBytes < 10_000 {
            let code = form.code(form.pack([1, 2, 3]) + more, partBytes: partBytes)
            #expect(codes.contains(code), "\(String(describing: code))")
        }
    }

    @Test(arguments: PackedForm.allCases)
    func `no single changed byte gives other contents`(form: PackedForm) {
        let contents = DeflateTests.sample(byteCount: 300)
        let packed = form.pack(contents)
        for index in packed.indices {
            var damaged = packed
            damaged[index] ^= 0x10
            if case .success(let found) = form.unpack(damaged) { #expect(found == contents, "byte \(index)") }
        }
    }

    @Test(arguments: PackedForm.allCases, [1, 2, 5_000, 200_000])
    func `contents of exactly the limit pass and one byte more does not`(form: PackedForm, byteCount: Int) {
        let packed = form.pack(DeflateTests.sample(byteCount: byteCount))
        #expect(form.code(packed, limits: UnpackLimits(bytesMax: Int64(byteCount))) == nil)
        guard byteCount > 1 else { return }
        #expect(form.code(packed, limits: UnpackLimits(bytesMax: Int64(byteCount) - 1)) == .tooLarge)
    }

    @Test(arguments: PackedForm.allCases)
    func `a bomb is stopped by its ratio soon after the first mebibyte`(form: PackedForm) throws {
        let bomb = form.pack([UInt8](repeating: 0, count: 40_000_000), level: 9)
        for partBytes in [1_000, Int.max] {
            var byteCount = 0
            var code: UnpackError.Code?
            do {
                try form.feed(bomb, partBytes: partBytes) { byteCount += $0.count }
            } catch let error as UnpackError {
                code = error.code
            }
            #expect(code == .ratioTooHigh)
            // libarchive is handed 64 KiB at a time, so that a small bomb is in its hands as a whole.
            #expect(byteCount < (form == .zip ? 14_000_000 : 15_000_000))
        }
    }

    @Test(arguments: PackedForm.allCases)
    func `what packs well but is short is no bomb`(form: PackedForm) {
        let contents = [UInt8](repeating: 0x30, count: 1 << 20)
        #expect(form.unpack(form.pack(contents)) == .success(contents))
        let limits = UnpackLimits(ratioFreeBytes: 1_000)
        #expect(form.code(form.pack(contents), limits: limits) == .ratioTooHigh)
    }

    @Test(arguments: PackedForm.allCases)
    func `contents are handed out in small slices`(form: PackedForm) throws {
        let packed = form.pack(DeflateTests.sample(byteCount: 2_000_000))
        var largest = 0
        try form.feed(packed, partBytes: .max) { largest = max(largest, $0.count) }
        #expect(largest > 0 && largest <= 256 * 1_024)
    }

    @Test(arguments: PackedForm.allCases)
    func `what the body throws ends the unpacking`(form: PackedForm) throws {
        struct Enough: Error {}
        let packed = form.pack(DeflateTests.sample(byteCount: 2_000_000))
        var calls = 0
        #expect(throws: Enough.self) {
            try form.feed(packed, partBytes: 1_000) { _ in
                calls += 1
                throw Enough()
            }
        }
        #expect(calls == 1)
    }

    @Test(arguments: PackedForm.allCases)
    func `bytes of chance are refused`(form: PackedForm) {
        for seed in 1...200 as ClosedRange<UInt64> {
            #expect(form.code(DeflateTests.sample(byteCount: 2_000, seed: seed), partBytes: 300) != nil)
        }
    }

    @Test(arguments: UnpackError.Code.allCases)
    func `each failure says where it was found and what to do`(code: UnpackError.Code) {
        let text = UnpackError(code: code, byteOffset: 4_711).description
        #expect(text.hasPrefix("\(code.rawValue) at packed byte 4711: "))
        #expect(text.hasSuffix("."))
    }
}
