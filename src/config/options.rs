//! The table of all options. Everything else about them is generated from it: see `table.rs`.
//!
//! To add one, add a row here and run `parlour config defaults > config.toml`. The doc comment is what
//! operators read in `--help` and in `config.toml`: meaning, unit, and what happens at the bound.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{
    resolve::{Values, between},
    table::{Opt, Section, options},
    value::{
        AllowedOrigin, AuditScope, ByteSize, Cidr, ContactGate, DialectListener, Engine,
        FindingAction, HtmlPolicy, LimitRule, LogFilter, LogFormat, MediaType, PresenceReach,
        ReceiptsReach, ReviewFailure, Secret, Secrets, SocketioDialect, TopicFilter, Value, WebUrl,
    },
};

options! {
    /// The process as a whole.
    node: Node {
        /// Folder of everything the node keeps; created when missing. A relative path counts from the
        /// working directory.
        data: PathBuf = "./data";
        /// Trying it out: makes a secret of its own, needs no key, and is refused on addresses that
        /// other machines reach.
        dev: bool = "false";
        /// How long a stop may take, from the signal to the exit. What is not finished by then is cut
        /// off; nothing acknowledged is lost.
        shutdown_timeout: Duration = "30s" in "1s"..="1h";
        /// How long /readyz says 503 before connections are closed, so that a load balancer notices.
        /// Part of shutdown_timeout.
        drain_delay: Duration = "0s" in "0s"..="10m";
        /// Address that clients reach this node under, such as `https://chat.example.org`: addresses of files
        /// begin with it. Empty: the host of each request; in what is told live, that of http.listen.
        public_url: Option<WebUrl> = "";
    }

    /// The HTTP and WebSocket edge.
    http: Http {
        /// Address and port to listen on. Port 0 takes a free one.
        listen: SocketAddr = "127.0.0.1:8080";
        /// More addresses to listen on, each for a dialect, so that its Socket.IO clients need not say what
        /// they speak: `gateway=127.0.0.1:4000`, or `gateway=4000` on the host of http.listen. Every route
        /// is on each of them. Several flags add up, and an empty one takes back those before it.
        listen_dialect: Vec<DialectListener> = "";
        /// What Socket.IO clients of http.listen speak: auto, dating, gateway or direct. auto: what they name
        /// when they connect, or what their first events tell.
        socketio_dialect: SocketioDialect = "auto";
        /// Threads that serve connections; 0 means one per core.
        workers: usize = "0" in "0"..="1024";
        /// Origins of pages that may connect from a browser, such as `https://chat.example.org` or
        /// `https://*.example.org`. Empty: only pages this node serves itself. `*` (all) needs node.dev.
        allowed_origins: Vec<AllowedOrigin> = "";
        /// Reverse proxies, as addresses or ranges, whose X-Forwarded-For is believed. Empty: nobody's,
        /// and session.per_ip_max then counts a proxy as one address.
        trusted_proxies: Vec<Cidr> = "";
        /// Most connections at once, of any kind. More wait to be accepted; the limit of open files counts
        /// two for each, and three for one that polls.
        connections_max: usize = "100000" in "16"..="10000000";
        /// Longest body of a request; a longer one is answered 413.
        body_max: ByteSize = "1MiB" in "1KiB"..="64MiB";
    }

    /// Whose tokens are believed. Without node.dev, at least one key is needed.
    auth: Auth {
        /// Shared secret of HS256 tokens, at least 32 bytes; better in secret_file or the environment.
        secret: Option<Secret> = "";
        /// File with the secret; one line break at its end is not part of it.
        secret_file: Option<PathBuf> = "";
        /// PEM file with a public key (RSA, EC or Ed25519) that signs tokens.
        public_key_file: Option<PathBuf> = "";
        /// JSON file with a JWK set; the token's `kid` picks the key.
        jwks_file: Option<PathBuf> = "";
        /// What a token's `iss` must be. Empty: not checked.
        issuer: Option<String> = "";
        /// What a token's `aud` must be or contain. Empty: not checked.
        audience: Option<String> = "";
        /// How far the clocks of the issuer and of this node may differ.
        leeway: Duration = "10s" in "0s"..="5m";
    }

    /// One connection of one person.
    session: Session {
        /// How often a connection is pinged.
        ping_interval: Duration = "25s" in "1s"..="10m";
        /// How long a ping may stay unanswered before the connection is closed.
        pong_timeout: Duration = "20s" in "1s"..="10m";
        /// How long a new connection has to show its token before it is closed; the head of an HTTP request has
        /// to be there as soon.
        auth_timeout: Duration = "10s" in "1s"..="5m";
        /// Most frames that wait for a slow client. One more, and it is disconnected; it misses nothing
        /// by resuming.
        outbox_frames_max: usize = "1000" in "16"..="1000000";
        /// Most bytes that wait for a slow client. More, and it is disconnected likewise.
        outbox_max: ByteSize = "1MiB" in "16KiB"..="1GiB";
        /// How long a client has to answer a close frame before its socket is shut down.
        close_deadline: Duration = "5s" in "100ms"..="1m";
        /// Most connections of one person; the next is refused.
        per_user_max: usize = "16" in "1"..="10000";
        /// Most connections from one address; the next is refused.
        per_ip_max: usize = "64" in "1"..="1000000";
        /// New connections a second from one address; per_ip_max of them may come at once, so that all who
        /// share an address can come back together. The next is refused.
        handshakes_per_ip: usize = "20" in "1"..="1000000";
        /// Longest WebSocket message from a client; a longer one closes the connection.
        message_max: ByteSize = "64KiB" in "1KiB"..="16MiB";
        /// Most fragments a WebSocket message may come in; more close the connection.
        fragments_max: usize = "128" in "1"..="100000";
        /// How long the fragments of one message may take; longer closes the connection.
        fragment_timeout: Duration = "10s" in "100ms"..="5m";
        /// Most commands of one connection that wait for their answer. The next is refused, to be tried
        /// again; of a client of another dialect, which knows no such refusal, it waits for its turn.
        in_flight_max: usize = "256" in "1"..="65536";
        /// Most changes replayed to a client that resumes; one further behind is told to load afresh.
        resume_changes_max: usize = "10000" in "0"..="1000000";
    }

    /// Conversations that are in use.
    rooms: Rooms {
        /// How long an unused room stays in memory.
        idle_timeout: Duration = "1m" in "1s"..="1day";
        /// Most commands that wait for one room; the next is refused, to be tried again.
        mailbox_max: usize = "1024" in "16"..="1048576";
        /// How long somebody counts as typing after the last sign of it.
        typing_timeout: Duration = "3s" in "500ms"..="1m";
        /// Most rooms in memory at a time; opening one more is refused, to be tried again.
        active_max: usize = "100000" in "1"..="10000000";
    }

    /// Who is online.
    presence: Presence {
        /// Whom lists of people who are online name. contacts: those who share a conversation with the
        /// asker. everyone: all who are there. Never somebody across a block.
        reach: PresenceReach = "contacts";
        /// Groups with more members than this are told nothing about who is online.
        group_members_max: usize = "100" in "0"..="10000";
        /// Changes of presence are gathered this long and told together.
        delay: Duration = "500ms" in "0s"..="1m";
        /// How long somebody without a connection still counts as online, so that a reconnect goes
        /// unnoticed.
        offline_grace: Duration = "3s" in "0s"..="10m";
    }

    /// What people may do; docs/policy.md explains each rule. Ready-made policies are in flags/, for
    /// `--flagfile`.
    policy: Policy {
        /// Who may write to whom. open: anybody to anybody. request: whoever isn't matched with somebody asks
        /// first, and people of the premium plan write directly. match: only people who are matched.
        contact_gate: ContactGate = "open";
        /// Longest text of a message, in Unicode scalar values; a longer one is refused.
        message_length_max: usize = "5000" in "1"..="65536";
        /// Longest text of a message request, in Unicode scalar values; a longer one is refused.
        request_length_max: usize = "250" in "1"..="65536";
        /// How long a message request waits for its answer; then it is over, and its maker may ask again.
        /// 0s: for good.
        request_expiry: Duration = "0s" in "0s"..="3650days";
        /// Who sees whether their messages were read: everyone, or premium, those of the premium plan. Reading
        /// counts for unread all the same.
        receipts: ReceiptsReach = "everyone";
        /// What becomes of markup in texts. raw: it stays. strip: tags, comments, doctypes and CDATA are
        /// taken out.
        html: HtmlPolicy = "raw";
        /// What becomes of texts with profanity: allow (it isn't looked for), flag (marked for review), mask
        /// (replaced by stars), placeholder (all of it replaced), reject.
        profanity: FindingAction = "allow";
        /// File with words of your own, and what becomes of texts that have them. Read at the start.
        words_file: Option<PathBuf> = "";
        /// What becomes of texts with phone numbers, mail addresses or links: allow, flag, mask, placeholder,
        /// reject, as for profanity.
        contact_details: FindingAction = "allow";
        /// Whether contact_details is for people who aren't matched only.
        contact_details_until_match: bool = "false";
        /// Service that is shown each text before it goes out: an http or https URL. Empty: none.
        review_url: Option<WebUrl> = "";
        /// Secret that the review service knows requests of this node by; better in review_secret_file or the
        /// environment. Empty: they are not signed.
        review_secret: Option<Secret> = "";
        /// File that holds this secret alone.
        review_secret_file: Option<PathBuf> = "";
        /// How long the review service has to answer.
        review_timeout: Duration = "1s 500ms" in "10ms"..="30s";
        /// What becomes of a message that the review service said nothing about in time. open: it goes out,
        /// marked for review. closed: it is refused, to be sent again.
        review_failure: ReviewFailure = "open";
        /// Rules `action=n per period`: a person may do `action` n times in `period`, from 1s to 30days;
        /// beyond that it is refused with the time to wait. An action may have several rules. Actions:
        /// message.send, ws.message, message.edit, message.delete, reaction, mark, typing, request.send,
        /// request.answer, like, contact.new, conversation.open, conversation.read, group.manage, block,
        /// report, connect, preferences, moderate, upload, search, schedule.
        limits: Vec<LimitRule> = "message.send=300 per 1m,request.send=30 per 1h,contact.new=60 per 1h,report=5 per 1day,like=200 per 1h,upload=100 per 1h,search=120 per 1m,schedule=120 per 1m";
        /// What is written to the audit log. off: nothing. safety: blocks, reports, requests, likes, matches
        /// and what moderators do. all: everything people do, without what they wrote.
        audit: AuditScope = "safety";
        /// How long lines of the audit log are kept. 0s: for good.
        audit_age: Duration = "0s" in "0s"..="36500days";
        /// Messages older than this are deleted for good. 0s: they stay.
        retention_age: Duration = "0s" in "0s"..="36500days";
        /// Most messages kept of one conversation; older ones are deleted for good. 0: all stay.
        retention_messages: usize = "0" in "0"..="1000000000";
    }

    /// Files that people send with messages; docs/files.md tells what becomes of them.
    attachments: Attachments {
        /// Whether files may be sent. Those that were sent before stay.
        enabled: bool = "true";
        /// Media types that may be sent. What a file is, its bytes have to say too.
        types: Vec<MediaType> = "image/jpeg,image/png,image/gif,image/webp,application/pdf,text/plain,application/msword,application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        /// Longest file; a longer one is answered 413.
        bytes_max: ByteSize = "10MiB" in "1KiB"..="1GiB";
        /// Longest picture; a longer one is answered 413. Pictures are held in memory while they are looked at.
        image_bytes_max: ByteSize = "5MiB" in "1KiB"..="256MiB";
        /// Most pixels of a picture; one with more is refused. A picture takes 4 bytes of memory for each
        /// while it is looked at, and as many pictures as half the cores, at most 4, are at a time.
        image_pixels_max: usize = "40000000" in "10000"..="1000000000";
        /// What all files of one person may take up; beyond it uploads are refused. 0B: any amount.
        quota: ByteSize = "1GiB" in "0B"..="1048576GiB";
        /// Folder that files are kept in, with one folder for each person. Empty: attachments, in node.data.
        folder: Option<PathBuf> = "";
        /// Bucket of S3, or of what speaks like it, that files are kept in instead of a folder; no two nodes share one.
        /// Needs a parlour that was built with the feature s3. Empty: a folder.
        s3_bucket: Option<String> = "";
        /// What names in the bucket begin with, such as `chat/files`, if there is more in it. Empty: nothing.
        s3_prefix: Option<String> = "";
        /// Where the bucket is, such as `https://s3.example.org`. Empty: at Amazon, or AWS_ENDPOINT_URL of the environment.
        s3_endpoint: Option<WebUrl> = "";
        /// Its region. Empty: AWS_REGION of the environment, or us-east-1.
        s3_region: Option<String> = "";
        /// Who the node is to the bucket. Empty: AWS_ACCESS_KEY_ID of the environment with all that goes with it, or
        /// the role of the machine.
        s3_access_key_id: Option<String> = "";
        /// The secret that goes with s3_access_key_id; better in s3_secret_access_key_file or the environment.
        s3_secret_access_key: Option<Secret> = "";
        /// File that holds this secret alone.
        s3_secret_access_key_file: Option<PathBuf> = "";
        /// Most uploads at a time, and 6 of one person; the next is refused, to be tried again.
        uploads_max: usize = "32" in "1"..="10000";
        /// How long an upload may take; a longer one is cut off.
        upload_timeout: Duration = "10m" in "1s"..="1day";
        /// How long an address of a file works without a token, at most; at least half as long. Whether its
        /// viewer may have the file is asked each time all the same.
        link_lifetime: Duration = "1h" in "1m"..="7days";
    }

    /// What happens on the node, told to your own services; docs/webhooks.md explains it.
    events: Events {
        /// Whether admins may follow events at GET /v1/events. As with webhooks, reading, reactions, and who comes and
        /// goes are events only if somebody may follow them.
        feed: bool = "false";
        /// How long events are kept for those who are behind; then they are forgotten, taken or not. What they tell
        /// of stays. 0s: for good.
        age: Duration = "7days" in "0s"..="3650days";
        /// Where events are posted, signed, as they happen: https URLs of your back end, a comma in one written as
        /// %2C. Each is told everything, and keeps its own place. Several flags add up, and an empty one takes
        /// back those before it.
        webhook_url: Vec<WebUrl> = "";
        /// Secret that webhooks are signed with, such as `whsec_` and the output of `openssl rand -base64 32`.
        /// While one takes the place of another give both, with a space between: each signs.
        webhook_secret: Option<Secrets> = "";
        /// File with the secret, or with one a line.
        webhook_secret_file: Option<PathBuf> = "";
        /// Which events are posted, such as `message.sent`, or `message.*` for all of a kind. Empty: all.
        webhook_topics: Vec<TopicFilter> = "";
        /// Most requests to one URL at a time. Those of one conversation never overlap.
        webhook_concurrency: usize = "8" in "1"..="256";
        /// How long one request may take.
        webhook_timeout: Duration = "15s" in "100ms"..="2m";
        /// How long an event that isn't taken is tried again before it is put aside with the dead letters.
        webhook_give_up: Duration = "1day" in "1s"..="6days";
    }

    /// What people are notified of while they aren't there.
    notifications: Notifications {
        /// How long notifications are kept, read or not. 0s: for good.
        age: Duration = "90days" in "0s"..="3650days";
    }

    /// Reaching people whose devices are not connected; docs/push.md explains it.
    push: Push {
        /// Whether people may be reached so. It needs nothing else for browsers and for UnifiedPush.
        enabled: bool = "true";
        /// Whether pushes say who wrote and what. Otherwise they say that there is something, and the app asks the
        /// node; push services then learn nothing.
        content: bool = "false";
        /// How long a push service keeps what it can't deliver yet.
        ttl: Duration = "7days" in "0s"..="28days";
        /// How long one request may take.
        timeout: Duration = "10s" in "100ms"..="30s";
        /// Whom push services of browsers may turn to about this node: `mailto:ops@example.org`, or an https URL.
        /// Empty: node.public_url. Apple's service takes nothing without.
        vapid_subject: Option<String> = "";
        /// JSON file of a service account of your Firebase project, for apps that are reached by FCM. Empty: none is.
        fcm_credentials_file: Option<PathBuf> = "";
        /// Where FCM answers. Empty: https://fcm.googleapis.com.
        fcm_url: Option<WebUrl> = "";
        /// Your own service that is told of everybody who isn't there: an http or https URL. Empty: none.
        webhook_url: Option<WebUrl> = "";
        /// Secret that your service knows these requests by, such as `whsec_` and the output of `openssl rand -base64
        /// 32`. Empty: they are not signed.
        webhook_secret: Option<Secret> = "";
        /// File that holds this secret alone.
        webhook_secret_file: Option<PathBuf> = "";
    }

    /// Which machines the node calls, where others than its operator may say which: webhooks and push.
    outbound: Outbound {
        /// Also those of private networks and this one. Never those that hand out a cloud machine's
        /// credentials; allow names single ones.
        allow_private: bool = "false";
        /// Addresses or ranges beside those of the internet that may be called, whatever they are.
        allow: Vec<Cidr> = "";
    }

    /// What keeps the data.
    storage: Storage {
        /// sled: on disk in node.data. memory: nothing outlives the process.
        engine: Engine = "sled";
        /// Memory for recently used pages.
        cache: ByteSize = "64MiB" in "1MiB"..="1024GiB";
        /// Most operations that are synced to disk together.
        commit_operations_max: usize = "1024" in "1"..="65536";
        /// How long a commit waits for company. 0s: not at all; what comes meanwhile goes together anyway.
        commit_wait: Duration = "0s" in "0s"..="500ms";
        /// Most operations that wait for a commit; the next is refused, to be tried again.
        queue_max: usize = "65536" in "1"..="10000000";
        /// Threads that read.
        readers: usize = "2" in "1"..="256";
        /// How long one operation on disk may hang before the node takes its store for lost and ends.
        stall_timeout: Duration = "30s" in "1s"..="1h";
    }

    /// Finding messages by their words.
    search: Search {
        /// Whether there is a search. It keeps an index in node.data, which takes about half the room that the
        /// messages take.
        enabled: bool = "true";
        /// Memory for what is indexed and not on disk yet, and as much again at most for what waits to be
        /// indexed; more makes building the index faster.
        memory: ByteSize = "32MiB" in "16MiB"..="4GiB";
    }

    /// What is logged, to standard error.
    log: Log {
        /// error, warn, info, debug, trace, off, or directives such as `warn,parlour=debug`.
        level: LogFilter = "info";
        /// pretty for people, json for machines.
        format: LogFormat = "pretty";
    }
}
