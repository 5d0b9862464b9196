package import BatchFiles
package import ChannelKit
package import PaymentCore
package import Pipeline
import Store
import StrictYAML
import Transcoding

/// What lies beside `sluice.yaml`: layouts, channels and merchants, each in a folder and a file of its own.
package struct Catalogue: Sendable {
    /// The formats of batch files, by the name of their layout.
    package var formats: [String: DeclaredFormat]
    package var channels: [ChannelName: ChannelSpecification]
    package var merchants: [MerchantNumber: MerchantProfile]

    package init(
        formats: [String: DeclaredFormat],
        channels: [ChannelName: ChannelSpecification],
        merchants: [MerchantNumber: MerchantProfile]
    ) {
        self.formats = formats
        self.channels = channels
        self.merchants = merchants
    }

    /// Reads all of them; no secret is needed or looked at.
    ///
    /// Throws `YAMLError` for the first thing that is wrong, also for a channel of the other class (R13).
    package static func load(_ configuration: Configuration) throws -> Catalogue {
        let channels = try Self.channels(configuration)
        let calendars = try CalendarFile.all(folder: folder("calendars", configuration).path)
        var merchants: [MerchantNumber: MerchantProfile] = [:]
        for path in try folder("merchants", configuration).files() {
            let profile = try MerchantFile.load(path, channels: channels, calendars: calendars)
            merchants[profile.number] = profile
        }
        return Catalogue(formats: try formats(configuration), channels: channels, merchants: merchants)
    }

    /// The formats, by the name of their layout.
    package static func formats(_ configuration: Configuration) throws -> [String: DeclaredFormat] {
        var formats: [String: DeclaredFormat] = [:]
        var compiled: ISO20022Schemas?
        for path in try folder("layouts", configuration).files() {
            let format = try LayoutFile.load(path) {
                let schemas =
                    try compiled ?? SchemaFolder(path: "\(configuration.directory)/schemas/iso20022").load()
                compiled = schemas
                return schemas
            }
            formats[format.name] = format
        }
        return formats
    }

    /// The channel specifications, by name.
    package static func channels(_ configuration: Configuration) throws -> [ChannelName: ChannelSpecification] {
        let deployment = configuration.environment.environmentClass
        var channels: [ChannelName: ChannelSpecification] = [:]
        for path in try folder("channels", configuration).files() {
            let specification = try ChannelSpecification.load(file: path)
            guard specification.environmentClass == deployment else {
                throw ConfigurationError(
                    "\(path) is of class \(specification.environmentClass.rawValue), this deployment of class"
                        + " \(deployment.rawValue) (R13)",
                    mend: "keep it out of this folder"
                )
            }
            if let charset = specification.text.charsets.first(where: { !$0.isAvailable }) {
                throw ConfigurationError(
                    "\(path) asks for \(charset.rawValue), for which this machine has no converter",
                    mend: "install the gconv modules of the C library"
                )
            }
            guard channels.updateValue(specification, forKey: specification.name) == nil else {
                throw ConfigurationError(
                    "\(path) describes channel \(specification.name) a second time",
                    mend: "remove one of the two files"
                )
            }
        }
        return channels
    }

    private static func folder(_ name: String, _ configuration: Configuration) -> ConfigurationFolder {
        ConfigurationFolder(path: "\(configuration.directory)/\(name)")
    }

    /// As the engine wants it.
    package func engineConfiguration(
        limits: EngineLimits,
        dayCeilings: [Currency: Int64] = [:]
    ) -> EngineConfiguration {
        EngineConfiguration(
            formats: formats,
            merchants: merchants,
            channels: channels,
            limits: limits,
            dayCeilings: dayCeilings
        )
    }
}
