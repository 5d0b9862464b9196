import CLibXML2

/// libxml2's validation of one document in the stream: it is shown each tag and text as the parser finds them.
struct SchemaValidation: ~Copyable {
    /// A start tag as libxml2 tells it.
    struct Tag {
        let name: UnsafePointer<UInt8>?
        let prefix: UnsafePointer<UInt8>?
        let namespace: UnsafePointer<UInt8>?
        let namespaceCount: Int32
        let namespaces: UnsafeMutablePointer<UnsafePointer<UInt8>?>?
        let attributeCount: Int32
        let defaultedCount: Int32
        let attributes: UnsafeMutablePointer<UnsafePointer<UInt8>?>?
    }

    /// An end tag as libxml2 tells it.
    struct EndTag {
        let name: UnsafePointer<UInt8>?
        let prefix: UnsafePointer<UInt8>?
        let namespace: UnsafePointer<UInt8>?
    }

    /// The callbacks with which the validation is shown what the document has.
    ///
    struct Plug {
        fileprivate let handler: xmlSAXHandlerPtr
        fileprivate let context: UnsafeMutableRawPointer

        func start(_ tag: Tag) {
            handler.pointee.startElementNs?(
                context,
                tag.name,
                tag.prefix,
                tag.namespace,
                tag.namespaceCount,
                tag.namespaces,
                tag.attributeCount,
                tag.defaultedCount,
                tag.attributes
            )
        }

        func end(_ tag: EndTag) {
            handler.pointee.endElementNs?(context, tag.name, tag.prefix, tag.namespace)
        }

        func text(_ bytes: UnsafeBufferPointer<UInt8>) {
            handler.pointee.characters?(context, bytes.baseAddress, Int32(bytes.count))
        }
    }

    let plug: Plug
    /// What libxml2 noted while it was shown something.
    struct Found {
        /// The number of the rule.
        let code: Int32
        /// The children of which one is asked for, or the attribute that is, where that is the rule.
        let expected: [String]
    }

    /// At an address of its own, as libxml2's callback writes there.
    private let found: UnsafeMutablePointer<[Found]>
    private let validation: xmlSchemaValidCtxtPtr
    private let handle: xmlSchemaSAXPlugPtr
    /// Kept as long as it is in use.
    private let schema: CompiledSchema

    init(_ file: XMLSchemaFile) {
        let schema = file.compiled()
        guard let validation = xmlSchemaNewValidCtxt(schema.schema) else {
            preconditionFailure("libxml2 is out of memory")
        }
        let found = UnsafeMutablePointer<[Found]>.allocate(capacity: 1)
        found.initialize(to: [])
        xmlSchemaSetValidStructuredErrors(
            validation,
            { context, error in
                guard let context, let error else { return }
                let code = error.pointee.code
                let expected = error.pointee.message.map { ExpectedNames.read($0, code: code) } ?? []
                context.assumingMemoryBound(to: [Found].self).pointee.append(Found(code: code, expected: expected))
            },
            found
        )
        // With nothing plugged before it, the validation's own callbacks come back, to be called in our order.
        var handler: xmlSAXHandlerPtr?
        var user: UnsafeMutableRawPointer?
        guard let handle = xmlSchemaSAXPlug(validation, &handler, &user), let handler, let user else {
            preconditionFailure("libxml2 does not validate streams")
        }
        self.plug = Plug(handler: handler, context: user)
        self.validation = validation
        self.handle = handle
        self.schema = schema
        self.found = found
    }

    deinit {
        xmlSchemaSAXUnplug(handle)
        xmlSchemaFreeValidCtxt(validation)
        found.deinitialize(count: 1)
        found.deallocate()
    }

    /// The rules found broken since the last call.
    func takeFound() -> [Found] {
        if found.pointee.isEmpty { return [] }
        defer { found.pointee.removeAll() }
        return found.pointee
    }
}
