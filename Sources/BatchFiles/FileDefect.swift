/// Why a batch file as a whole cannot be taken.
///
/// The words name the file's place and the mend, never its content: they are safe to log (R15).
package struct FileDefect: Error, Sendable, Hashable {
    /// The stable name of a defect.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The file has no byte.
        case emptyFile = "empty_file"
        /// The file has a header, comments or empty lines only.
        case noRecords = "no_records"
        /// The first line is not the header of the layout.
        case headerMismatch = "header_mismatch"
        /// The count or sum of the header cannot be read.
        case headerMalformed = "header_malformed"
        /// No record of the file's beginning has the columns of the layout.
        case layoutMismatch = "layout_mismatch"
        /// The file says at its beginning that it is in another charset.
        case charsetMismatch = "charset_mismatch"
        /// A line or a record is longer than the layout's limit.
        case recordTooLong = "record_too_long"
        /// More records than the layout's limit.
        case tooManyRecords = "too_many_records"
        /// The layout asks for a trailer and the file has none: it may be cut.
        case trailerMissing = "trailer_missing"
        /// The trailer's count or sum cannot be read.
        case trailerMalformed = "trailer_malformed"
        /// Records follow the trailer: two files may have been joined.
        case trailerNotLast = "trailer_not_last"
        /// The trailer's count or sum is not that of the records.
        case trailerMismatch = "trailer_mismatch"
        /// The count or sum declared with the submission is not that of the records.
        case totalsMismatch = "totals_mismatch"
        /// So many records are bad that the merchant's limit refuses the file.
        case badRecordsOverLimit = "bad_records_over_limit"
        /// The packed file is damaged, cut, or followed by other bytes.
        case wrappingBroken = "wrapping_broken"
        /// The packed file unpacks to more than the layout's limits.
        case wrappingTooLarge = "wrapping_too_large"
        /// The archive holds anything but one plain file.
        case wrappingEntries = "wrapping_entries"
        /// The archive is encrypted.
        case wrappingEncrypted = "wrapping_encrypted"
        /// What was packed is packed once more.
        case wrappingNested = "wrapping_nested"
        /// The file begins like one that is packed in another way than the layout says.
        case wrappingMismatch = "wrapping_mismatch"
        /// The content begins like that of another format.
        case formatMismatch = "format_mismatch"
        /// A file of XML is not well-formed: it may be cut.
        case notWellFormed = "not_well_formed"
        /// A file of XML declares a document type, with which entities and other files come in.
        case documentType = "document_type"
        /// The file is a message, or a version of one, that the layout does not take.
        case messageUnsupported = "message_unsupported"
        /// The file breaks its schema elsewhere than in a record.
        case schemaViolation = "schema_violation"
        /// The number that a part of the file declares is not that of its records.
        case controlCountMismatch = "control_count_mismatch"
        /// The control sum of the file, or of a part of it, is not that of its records.
        case controlSumMismatch = "control_sum_mismatch"
        /// Two parts of the file have the same identification.
        case duplicatePayment = "duplicate_payment"
        /// A record breaks a rule that the merchant set to refuse the file.
        case refusedByRule = "refused_by_rule"
        /// A line of a NACHA file is of another kind than may stand there.
        case recordOrder = "record_order"
        /// A field of a NACHA header or control record is empty or cannot be read.
        case controlFieldMalformed = "control_field_malformed"
        /// A NACHA batch is of a standard entry class that makes no orders.
        case entryClassNotAllowed = "entry_class_not_allowed"
        /// A NACHA batch is of a service class that the layout does not take.
        case serviceClassNotAllowed = "service_class_not_allowed"
        /// Header, control and totals of a NACHA batch contradict its service class.
        case serviceClassMismatch = "service_class_mismatch"
        /// The file moves money both ways, or the other way than its submission says.
        case directionMismatch = "direction_mismatch"
        /// The effective entry date of a NACHA batch breaks the layout's rule.
        case effectiveDateRefused = "effective_date_refused"
        /// The batches of a NACHA file are not numbered in ascending order.
        case batchNumberOrder = "batch_number_order"
        /// A NACHA batch control is not that of its header.
        case batchControlMismatch = "batch_control_mismatch"
        /// A NACHA batch control counts other entries and addenda than were read.
        case entryCountMismatch = "entry_count_mismatch"
        /// The entry hash of a NACHA control record is not that of the entries.
        case entryHashMismatch = "entry_hash_mismatch"
        /// The totals of a NACHA batch control are not those of its entries.
        case batchTotalMismatch = "batch_total_mismatch"
        /// A NACHA file control counts other batches than were read.
        case batchCountMismatch = "batch_count_mismatch"
        /// A NACHA file control counts other blocks of ten lines than were read.
        case blockCountMismatch = "block_count_mismatch"
    }

    package let code: Code
    /// The physical line, from 1; 0 where no line is meant.
    package let line: Int64
    /// The offset of that line's first byte in the file.
    package let byteOffset: Int64
    /// What was found.
    package let what: String
    /// What the merchant can do.
    package let mend: String

    package init(code: Code, line: Int64, byteOffset: Int64, what: String, mend: String) {
        self.code = code
        self.line = line
        self.byteOffset = byteOffset
        self.what = what
        self.mend = mend
    }
}

extension FileDefect: CustomStringConvertible {
    package var description: String {
        let place = line > 0 ? "line \(line) (byte \(byteOffset)): " : ""
        return "\(place)\(code.rawValue): \(what); \(mend)"
    }
}
