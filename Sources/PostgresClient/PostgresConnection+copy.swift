import CLibPQ

extension PostgresConnection {
    /// Reads a COPY statement to its end: `transfer` moves the data when the server is ready for it.
    func finishCopy(
        _ wanted: ExecStatusType,
        _ transfer: () throws -> Void,
        completion: (borrowing ResultHandle) -> Void
    ) throws {
        var refusal: PostgresError?
        while let result = try nextResult() {
            let status = result.status
            if result.isFailure {
                if refusal == nil { refusal = error(from: result) }
            } else if status == wanted {
                try transfer()
            } else if status == PGRES_COPY_IN {
                try putCopyEnd(failingWith: "COPY FROM is not expected here")
            } else if status == PGRES_COPY_OUT {
                while try nextCopyData({ _ in }) {}
            } else {
                completion(result)
            }
        }
        try end(refusal: refusal)
    }
}
