import Foundation

/// The reader that this process fuzzes.
private let fuzzed: FuzzedReader = {
    guard let name = ProcessInfo.processInfo.environment["SLUICE_FUZZ_READER"],
        let reader = FuzzedReader.named(name)
    else { fatalError("SLUICE_FUZZ_READER names none of: \(FuzzedReader.names.joined(separator: ", "))") }
    return reader
}()

/// Called by libFuzzer once before the first input.
@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzing(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> Int32 {
    _ = fuzzed.shapes.count
    return 0
}

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    // Inputs too short to say how they are read are of no use to the corpus.
    guard let input = FuzzedInput(bytes) else { return -1 }
    fuzzed.read(input)
    return 0
}
