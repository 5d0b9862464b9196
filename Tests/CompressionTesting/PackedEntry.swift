/// One entry of a zip archive, with what its headers say; all of it is right unless changed.
package struct PackedEntry {
    package var name = Array("pay.csv".utf8)
    /// The name in the directory, where it is another.
    package var directoryName: [UInt8]?
    package var contents: [UInt8] = Packing.contents
    /// 8 packs the contents with DEFLATE; with any other number they are stored.
    package var method = 8
    /// With 8 among them, checksum and lengths follow the data.
    package var flags = 0
    package var crc: Int?
    package var byteCount: Int?
    package var directoryByteCount: Int?
    package var attributes = 0
    /// Bytes between the data and what follows.
    package var gap: [UInt8] = []

    package init() {}
}
