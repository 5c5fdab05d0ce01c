//! Every setting there is: its name, its text, its default and the range it must lie in.
//!
//! One table makes the structs, the reader and the commented default file, so that the three
//! cannot drift apart.

// The comments are those of the default file, where a URL is no link.
#![allow(rustdoc::bare_urls)]

use super::{
    data_sources::DataSourceSettings,
    endpoints::AddedProtections,
    listen::ListenAddress,
    providers::ProviderUrls,
    types::{
        ApplicationAuthentication, BaseUrl, ConnectionString, DatabaseName, EnvironmentName,
        HeaderList, HostList, LogFormat, NetworkList, Redirects, SecretName, Text,
    },
    value::{SettingValue, check_range},
};

/// A setting as the documentation shows it.
pub(crate) struct Key {
    /// The section, such as `limits`.
    pub(crate) section: &'static str,
    /// The key in the section, such as `run_time_s`.
    pub(crate) name: &'static str,
    /// The lines of its doc comment, each with its leading blank.
    pub(crate) doc: &'static [&'static str],
    /// Its default.
    pub(crate) default: toml::Value,
}

/// A section as the documentation shows it.
pub(crate) struct Section {
    /// Its name.
    pub(crate) name: &'static str,
    /// The lines of its doc comment, each with its leading blank.
    pub(crate) doc: &'static [&'static str],
}

macro_rules! settings {
    ($(
        $(#[doc = $section_doc:literal])+
        [$section:ident] $struct:ident {$(
            $(#[doc = $doc:literal])+
            $key:ident: $type:ty $([$range:expr])? = $default:expr;
        )+}
    )+) => {
        /// What the operator decides.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub(crate) struct Settings {$(
            $(#[doc = $section_doc])+
            pub(crate) $section: $struct,
        )+
            /// Protection beside that of the export.
            pub(crate) endpoints: AddedProtections,
            /// What holds for one data source, by its name.
            pub(crate) data_sources: DataSourceSettings,
        }

        $(
            $(#[doc = $section_doc])+
            #[derive(Debug, Clone, PartialEq)]
            pub(crate) struct $struct {$(
                $(#[doc = $doc])+
                pub(crate) $key: $type,
            )+}

            impl Default for $struct {
                fn default() -> Self {
                    Self {$( $key: $default, )+}
                }
            }

            impl $struct {
                fn set(&mut self, key: &str, value: &toml::Value) -> Option<Result<(), String>> {
                    match key {
                        $(stringify!($key) => Some((|| {
                            let read = <$type as SettingValue>::read(value)?;
                            $(check_range(&read, &$range)?;)?
                            self.$key = read;
                            Ok(())
                        })()),)+
                        _ => None,
                    }
                }
            }
        )+

        impl Settings {
            /// Every section, in the order of the documentation.
            pub(crate) fn sections() -> Vec<Section> {
                vec![$(Section { name: stringify!($section), doc: &[$($section_doc),+] },)+]
            }

            /// Every key, in the order of the documentation.
            pub(crate) fn keys() -> Vec<Key> {
                let mut keys = Vec::new();
                $({
                    let defaults = $struct::default();
                    keys.extend([$(Key {
                        section: stringify!($section),
                        name: stringify!($key),
                        doc: &[$($doc),+],
                        default: defaults.$key.show(),
                    },)+]);
                })+
                keys
            }

            /// Sets one key; `None` when there is no such key.
            pub(super) fn set(
                &mut self,
                section: &str,
                key: &str,
                value: &toml::Value,
            ) -> Option<Result<(), String>> {
                match section {
                    $(stringify!($section) => self.$section.set(key, value),)+
                    _ => None,
                }
            }

            /// The keys whose values are others there, in the order of the documentation.
            pub(crate) fn differences(&self, other: &Self) -> Vec<Key> {
                let mut keys = Self::keys();
                keys.retain(|key| match (key.section, key.name) {
                    $($(
                        (stringify!($section), stringify!($key)) => {
                            self.$section.$key != other.$section.$key
                        }
                    )+)+
                    _ => false,
                });
                keys
            }

            /// Takes the value of one key from other settings.
            pub(crate) fn copy(&mut self, key: &Key, other: &Self) {
                $($(
                    if (key.section, key.name) == (stringify!($section), stringify!($key)) {
                        self.$section.$key = other.$section.$key.clone();
                    }
                )+)+
            }

            /// The value that the text of a variable or a flag stands for; `None` as above.
            pub(super) fn value_of_text(
                section: &str,
                key: &str,
                text: &str,
            ) -> Option<toml::Value> {
                $($(
                    if (section, key) == (stringify!($section), stringify!($key)) {
                        return Some(<$type as SettingValue>::from_text(text));
                    }
                )+)+
                None
            }
        }
    };
}

settings! {
    /// Which app this is, and where it keeps what it remembers.
    [app] AppSettings {
        /// The app id in every URL, such as "myapp-abcde".
        /// Empty: the id that the export names.
        id: Text = Text::default();
        /// The environment whose values functions see:
        /// "no-environment", "development", "testing", "qa" or "production".
        /// Empty: the environment that the export names.
        environment: EnvironmentName = EnvironmentName::default();
        /// The folder for secrets and everything else that is kept.
        /// A relative path starts at the folder of the app.
        data_dir: Text = Text::new(".hookstead");
    }

    /// Where and how requests are taken.
    [server] ServerSettings {
        /// The address and port to listen on; port 0 picks a free one. A port alone, such as
        /// "8080" or ":8080", is one of 127.0.0.1, and "localhost:8080" is the same or, where
        /// this machine has no such address, one of the address ::1.
        listen: ListenAddress = ListenAddress::default();
        /// Threads that answer requests and run functions; 0: as many as there are processors.
        threads: u64 [0..=1024] = 0;
        /// Whether a function that has begun goes on when its caller has hung up, as those of
        /// webhooks should: senders wait for seconds only. If not, it ends where it stands, and
        /// so do its outgoing calls.
        finish_without_caller: bool = true;
        /// The URL under which callers reach this server, such as "https://hooks.example.com",
        /// for the URLs that are printed and the links in error messages.
        /// Empty: printed URLs have the address that it listens on, links have no host.
        public_base_url: BaseUrl = BaseUrl::default();
        /// Addresses or networks of proxies whose X-Forwarded-For and X-Cluster-Client-Ip
        /// headers are believed, such as "10.0.0.0/8".
        /// From anyone else these headers are replaced by the address of the peer.
        trusted_proxies: NetworkList = NetworkList::default();
        /// Addresses or networks that may call, such as "203.0.113.0/24"; a list of addresses that
        /// the hosted app had is not in an export. Behind a proxy, trusted_proxies must name it.
        /// Empty: everyone may call.
        allow: NetworkList = NetworkList::default();
        /// Headers that browsers on other origins may send.
        /// App Services let no header with credentials through but Authorization.
        cors_allow_headers: HeaderList = HeaderList::new(&["Authorization", "Content-Type"]);
    }

    /// Who may call what.
    [auth] AuthSettings {
        /// What becomes of endpoints that ask for application authentication.
        /// "required": callers prove that they are users of the app.
        /// "system": they run as the system user for everyone who can reach them,
        /// which is for private networks only.
        application_authentication: ApplicationAuthentication =
            ApplicationAuthentication::Required;
        /// Seconds that an access token lives; a client gets a new one with its refresh token.
        access_token_time_s: u64 [60..=86_400] = 1800;
        /// Seconds that a refresh token lives, from 30 minutes to 5 years: so long is a user
        /// logged in. Those of anonymous users live as long as these users.
        refresh_token_time_s: u64 [1800..=157_680_000] = 5_184_000;
        /// Seconds after which a user who has been disabled or deleted by another copy of this
        /// program, or by a command, is refused at the latest.
        revocation_delay_s: u64 [1..=300] = 1;
        /// The name of the secret whose value signs tokens, so that several copies of this
        /// program accept the tokens of each other: 32 characters or more, set with
        /// `hookstead secrets set`. Empty: a key that is generated and kept in app.data_dir.
        signing_key_secret: SecretName = SecretName::default();
        /// The database of users and sessions, in the deployment of data.mongodb_uri, or beside
        /// the documents in app.data_dir.
        database: DatabaseName = DatabaseName::new("hookstead");
        /// Kibibytes of the body of a request to log in, such as what a client sends for the
        /// function of custom authentication, or a custom token.
        log_in_body_kib: u64 [4..=2048] = 64;
        /// Passwords that are checked at once; more wait. Each check takes 19 mebibytes of memory.
        password_checks_max: u64 [1..=256] = 2;
        /// Checks of passwords that wait; more are refused with 429.
        password_checks_waiting_max: u64 [0..=100_000] = 128;
        /// Seconds that an attempt to log in waits at most after many that have failed, of the
        /// same name or from the same address.
        log_in_delay_s_max: u64 [0..=60] = 5;
        /// Attempts that wait for that reason; more are refused with 429.
        log_ins_waiting_max: u64 [0..=100_000] = 1024;
        /// Of these, those that may come from one address.
        log_ins_waiting_of_address_max: u64 [0..=100_000] = 64;
        /// Sessions that begin from one address in an hour; more log-ins are refused with 429.
        sessions_of_address_per_hour_max: u64 [1..=1_000_000_000] = 20_000;
        /// Log-ins that ask Google, Facebook or Apple at once; more are refused with 429.
        provider_calls_max: u64 [1..=10_000] = 64;
        /// Of these, those that may come from one address.
        provider_calls_of_address_max: u64 [1..=10_000] = 16;
        /// Seconds that Google, Facebook or Apple may take for what a log-in asks of them.
        provider_time_s: u64 [1..=300] = 15;
        /// Where Google, Facebook and Apple are, when something else stands in for them: a section
        /// [auth.providers.NAME] for oauth2-google, oauth2-facebook or oauth2-apple, with
        /// authorization_url, token_url, user_info_url, debug_token_url, jwks_url and issuer.
        /// What is not there is what the provider documents. Calls go through `[outbound]` as well.
        providers: ProviderUrls = ProviderUrls::default();
    }

    /// What one request, one run and one connection may use.
    [limits] LimitSettings {
        /// Seconds of wall-clock time that a run of a function may take.
        run_time_s: u64 [1..=86_400] = 300;
        /// Seconds that a run may compute; waiting for timers and answers does not count.
        run_cpu_s: u64 [1..=86_400] = 300;
        /// Mebibytes that all runs, isolates, bodies of requests, responses and answers of partners
        /// may take together. 0: 70 % of what the control group of the process allows, or of what
        /// the machine has left when the program starts.
        memory_mib: u64 [0..=1_048_576] = 0;
        /// Seconds that a run waits for memory that others use: one that has not begun is refused
        /// with 429 then, and one that has begun fails with 503.
        memory_wait_s: u64 [0..=3600] = 10;
        /// Mebibytes that a run may use: memory of JavaScript, answers to outgoing calls, cursors
        /// and log lines together. Half of memory_mib at most.
        run_memory_mib: u64 [4..=4096] = 350;
        /// Kibibytes of stack that a run may use; deeper recursion throws.
        run_stack_kib: u64 [64..=65_536] = 1024;
        /// Asynchronous operations that a run may have under way at once.
        async_operations_max: u64 [1..=1_000_000] = 1000;
        /// Milliseconds that timers nobody awaits may keep a settled run going.
        timer_drain_ms: u64 [0..=3_600_000] = 1000;
        /// Runs that compute at once; more wait to begin or to go on. Runs that wait for a timer or
        /// an answer do not count: memory_mib limits them.
        runs_max: u64 [1..=100_000] = 4096;
        /// Runs that wait to begin; more are refused with 429.
        runs_waiting_max: u64 [0..=1_000_000] = 10_000;
        /// Copies of the app's memory for runs to have their turns in. One per processor is made
        /// as load asks for it; more only for runs that use much memory and wait.
        isolates_max: u64 [1..=10_000] = 16;
        /// Console lines kept of a run; if there were more, a last line says so.
        console_lines_max: u64 [0..=1_000_000] = 1000;
        /// Bytes kept of a console line.
        console_line_bytes_max: u64 [512..=1_048_576] = 8192;
        /// Kibibytes kept of all console lines of a run together.
        console_kib_max: u64 [1..=1_048_576] = 256;
        /// Mebibytes that the result of a function may have, written down; with more it is an
        /// error. What setBody is given counts with run_memory_mib alone.
        result_mib: u64 [1..=1024] = 64;
        /// Mebibytes that a function may read of the answer to an outgoing call.
        outbound_body_mib: u64 [1..=1024] = 64;
        /// Seconds that an outgoing call may take.
        outbound_time_s: u64 [1..=86_400] = 300;
        /// Outgoing calls of a run at once; more wait.
        outbound_calls_max: u64 [1..=10_000] = 25;
        /// Mebibytes that the body of a request may have; larger ones are refused with 413.
        body_mib: u64 [1..=1024] = 18;
        /// Mebibytes that the bodies of all requests may have at once, those included that have yet
        /// to arrive. More are refused with 429; the last eighth is only for connections that hold
        /// less than others, and those that hold most are closed. Half of memory_mib at most.
        bodies_mib: u64 [1..=1_048_576] = 1024;
        /// Kibibytes that the request line and all headers may have together.
        header_kib: u64 [8..=4096] = 64;
        /// Headers that a request may have.
        headers_max: u64 [8..=1000] = 100;
        /// Seconds that a client may take to send the headers.
        header_time_s: u64 [1..=3600] = 30;
        /// Seconds that a client may take to send the body.
        body_time_s: u64 [1..=86_400] = 60;
        /// Seconds that a client may take nothing of a response before its connection is closed.
        response_time_s: u64 [1..=86_400] = 30;
        /// Seconds that a connection stays open without a request.
        idle_time_s: u64 [1..=86_400] = 75;
        /// Seconds that a connection is kept after its last response for a client that is still
        /// sending a refused body, so that it reads the response. 0: it is closed at once.
        linger_time_s: u64 [0..=3600] = 30;
        /// Mebibytes that such a client may go on to send; they are read and dropped.
        linger_mib: u64 [0..=1_048_576] = 64;
        /// Frames of one HTTP/2 connection in ten seconds that are neither requests nor bodies
        /// (SETTINGS, PING, PRIORITY, WINDOW_UPDATE and the like), beyond those that usually come
        /// along with these. Connections with more are closed.
        http2_control_frames_max: u64 [100..=1_000_000] = 1000;
        /// Headers that a function may set on its response; with more it is an error.
        response_headers_max: u64 [8..=10_000] = 1000;
        /// Kibibytes that the headers of a function's response may have together.
        response_header_kib: u64 [1..=4096] = 64;
        /// Connections at once. For one more, some are closed that only wait for their clients,
        /// of the address that has most; where functions run on all of them it waits.
        connections_max: u64 [1..=1_000_000] = 10_000;
        /// Requests at once whose bodies have arrived; more are refused with 429. The last quarter
        /// is only for connections with less than eight of them, the last sixteenth for those
        /// with none.
        requests_max: u64 [1..=1_000_000] = 10_000;
        /// Event streams at once, of clients that watch a collection; more are refused with 429.
        /// Each keeps a connection, so that this should be less than connections_max.
        streams_max: u64 [0..=1_000_000] = 5000;
        /// Of these, those that may go to one address.
        streams_of_address_max: u64 [0..=1_000_000] = 500;
        /// Changes that may wait to be read by the client of one event stream; with more it ends.
        stream_changes_max: u64 [1..=1_000_000] = 1000;
        /// Kibibytes of such changes; one change may have more.
        stream_kib: u64 [16..=1_048_576] = 4096;
        /// Seconds without an event after which a comment is sent on an event stream. So long it
        /// takes at most until a stream ends whose user is disabled and to whom nothing is sent.
        stream_keep_alive_s: u64 [1..=3600] = 15;
        /// Seconds that running requests get to finish after a signal to stop.
        shutdown_time_s: u64 [0..=86_400] = 30;
    }

    /// Where the calls of functions may go.
    [outbound] OutboundSettings {
        /// Hosts, addresses or networks that functions may call although they are loopback,
        /// private or link-local, such as "127.0.0.1:9000", "10.0.0.0/8" or "intranet.example".
        allow: HostList = HostList::default();
        /// Whether functions may call nothing else than what allow and redirect name.
        /// If not, they may call every public address.
        listed_only: bool = false;
        /// Origin to origin: calls to the first go to the second,
        /// for testing an app against a stub, such as
        /// "https://api.example.com" = "http://127.0.0.1:9000".
        redirect: Redirects = Redirects::default();
    }

    /// npm packages of the functions, and other files that functions require.
    [packages] PackageSettings {
        /// Modules that the functions of the app may load, all together.
        modules_max: u64 [1..=1_000_000] = 10_000;
        /// Mebibytes of their sources.
        modules_mib: u64 [1..=4096] = 128;
        /// Mebibytes of their sources that are made ready once, in each copy of the app's memory;
        /// a run that requires one of the others waits until it is read.
        image_mib: u64 [0..=1024] = 16;
        /// Mebibytes of an archive of packages, such as functions/node_modules.zip.
        archive_mib: u64 [1..=4096] = 64;
        /// Mebibytes that it may hold, unpacked.
        unpacked_mib: u64 [1..=65_536] = 512;
        /// Files and folders that it may hold.
        archive_entries_max: u64 [1..=10_000_000] = 100_000;
    }

    /// Where functions keep documents.
    [data] DataSettings {
        /// The MongoDB deployment that is every data source of the app, such as
        /// "mongodb+srv://user:password@cluster0.example.net"; best given as the variable
        /// HOOKSTEAD_MONGODB_URI, because it holds a password.
        /// Empty: documents are kept in the folder of app.data_dir.
        mongodb_uri: ConnectionString = ConnectionString::default();
        /// Seconds that a command waits for a MongoDB server that can take it.
        /// What the URI says takes precedence, as serverSelectionTimeoutMS does.
        server_selection_time_s: u64 [1..=3600] = 5;
        /// Seconds that making a connection to a MongoDB server may take.
        /// What the URI says takes precedence, as connectTimeoutMS does.
        connect_time_s: u64 [1..=3600] = 5;
        /// Seconds that a MongoDB server may work on a command, and that the embedded store may
        /// compute for one, unless it is computed where all writes are done.
        operation_time_s: u64 [1..=86_400] = 60;
        /// Connections to one MongoDB server, shared by all runs.
        /// What the URI says takes precedence, as maxPoolSize does.
        pool_connections_max: u64 [1..=100_000] = 100;
        /// Mebibytes that the file of documents in the folder of app.data_dir may grow to; then
        /// writes fail, as on a full disk. 0: as far as the disk allows.
        file_mib_max: u64 [0..=1_048_576] = 0;
        /// Mebibytes of documents that one transaction may change in that file.
        transaction_mib_max: u64 [1..=4096] = 64;
        /// Transactions of that file that may be open at once; more wait.
        transactions_max: u64 [1..=10_000] = 64;
        /// Transactions that one run may have open at once; more wait until it ends others.
        run_transactions_max: u64 [1..=10_000] = 16;
        /// Sessions that one run may have open at once; one more is an error of the function.
        run_sessions_max: u64 [1..=100_000] = 1000;
        /// Cursors that one run may have open at once; one more is an error of the function.
        run_cursors_max: u64 [1..=100_000] = 1000;
        /// Milliseconds that one write may compute while all other writes to that file wait.
        /// A write that computes for long is computed elsewhere first, in a transaction; this
        /// limit is for those that change more than data.transaction_mib_max, or meet others
        /// again and again, and for what $out and $merge write. Large updates may need more.
        write_compute_ms_max: u64 [10..=3_600_000] = 2000;
        /// Seconds that a change of a watched collection is kept in that file, for clients that go
        /// on after a break; and that changes are kept after the last client has gone.
        change_log_time_s: u64 [10..=604_800] = 3600;
        /// Changes that are kept at most.
        change_log_changes_max: u64 [1..=100_000_000] = 100_000;
        /// Mebibytes of documents in these changes; they count as part of the file.
        change_log_mib: u64 [1..=65_536] = 64;
        /// Collections of that file that may be watched; to watch one more fails.
        watched_collections_max: u64 [1..=10_000] = 100;
        /// Reads of that file that take long and may be under way at once; more fail.
        long_reads_max: u64 [1..=1000] = 64;
    }

    /// Mails to users of the app, with links that confirm an address or set a new password.
    [mail] MailSettings {
        /// The SMTP server that sends them, such as "smtps://user:password@mail.example.com"; user
        /// and password are percent-encoded. "smtps" speaks TLS from the first byte.
        /// "smtp://...?tls=required" sends nothing without STARTTLS, as does "smtp" alone, except
        /// to this machine. "smtp://...?tls=none" is not encrypted, and has no password.
        /// Best given as the variable HOOKSTEAD_MAIL_SMTP_URL, because it holds a password.
        /// Its address may be a private one: outbound.allow is for functions.
        /// Empty: no mail is sent, and the operator confirms users and hands out links.
        smtp_url: ConnectionString = ConnectionString::default();
        /// The name of the secret whose value is smtp_url, in its place; set with
        /// `hookstead secrets set`.
        smtp_url_secret: SecretName = SecretName::default();
        /// Who mails come from, such as "My App <no-reply@example.com>".
        from: Text = Text::default();
        /// Seconds that an attempt to send a mail may take. There are four attempts within seven
        /// minutes, unless the server says that it will never take the mail.
        send_time_s: u64 [1..=600] = 30;
        /// Mails that wait to be sent; what asks for one more is refused with 429.
        queue_max: u64 [1..=10_000] = 1000;
        /// Mails in an hour; what asks for more is refused with 429.
        mails_per_hour_max: u64 [1..=100_000] = 10_000;
        /// Of these, those to one email address; letter case and what follows a "+" do not count.
        mails_to_address_per_hour_max: u64 [1..=1000] = 10;
        /// Of these, those that one address asks for, or one IPv6 network of 64 bits.
        mails_of_network_per_hour_max: u64 [1..=100_000] = 100;
    }

    /// What is written about requests.
    [log] LogSettings {
        /// "human" for people, "json" for one JSON object per line.
        format: LogFormat = LogFormat::Human;
        /// Lines about refused requests of one kind at one endpoint in a second; the others are
        /// counted, and a line tells their number.
        refusals_per_second_max: u64 [0..=1_000_000] = 10;
    }
}
