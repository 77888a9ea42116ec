/// The JSON of the control API as JSON Schema.
///
/// A key with `?` may be absent. A type is a word of JSON Schema, `time` (ISO 8601), the name of another schema, or one of
/// these with `[]` for a list.
enum APISchemas {
  static var all: [String: Any] { objects.mapValues(object).merging(["Document": ["type": "object"]]) { $1 } }

  private static let objects: [String: [String: String]] = [
    "Problem": ["message": "string", "kind?": "string"],
    "Error": [
      "id": "string", "fingerprint": "string", "error": "string", "place": "string", "site": "string",
      "held_back": "integer", "suppressed": "integer", "total": "integer", "first_seen": "time", "last_seen": "time",
      "window_end?": "time", "hours": "integer[]", "episode": "Episode", "resolved_at?": "time",
      "awaits_digest": "boolean", "is_silenced": "boolean", "passes_next": "boolean", "last_reason?": "string",
      "last_rule?": "string", "texts?": "integer", "places?": "integer", "subject_prefix?": "string",
      "sender?": "string", "recipients?": "string[]",
    ],
    "Episode": [
      "number": "integer", "total": "integer", "started_at": "time", "beginning": "string",
      "quiet_seconds_before?": "integer",
    ],
    "ErrorDetail": [
      "entry": "Error", "explanation": "string", "first_mail?": "string", "latest_mail?": "string",
      "damaged_mails?": "string[]", "variants?": "Variant[]", "history": "integer[]", "silences": "Silence[]",
    ],
    "Variant": [
      "name": "string", "total": "integer", "first_seen": "time", "last_seen": "time", "is_of_first_mail": "boolean",
      "text?": "string", "place?": "string", "caller?": "string", "first_mail?": "string", "is_damaged?": "boolean",
    ],
    "ExportPage": ["errors": "Error[]", "next?": "integer"],
    "Totals": [
      "accepted": "integer", "passed": "integer", "doubtful": "integer", "forwarded": "integer",
      "suppressed": "integer",
    ],
    "Queue": ["waiting": "integer", "octets": "integer", "oldest?": "time", "held": "integer", "doubts?": "integer"],
    "Statistics": [
      "totals": "Totals", "reasons": "Reason[]", "sites": "Site[]", "quarters": "Quarter[]", "errors": "integer",
      "samples": "integer", "sample_octets": "integer", "database_octets": "integer", "queue": "Queue",
    ],
    "Reason": ["outcome": "string", "reason": "string", "mails": "integer"],
    "Site": ["site": "string", "forwarded": "integer", "suppressed": "integer"],
    "Quarter": ["start": "time", "totals": "Totals"],
    "Selector": ["id": "string", "site?": "string"],
    "ErrorName": ["id": "string", "fingerprint": "string", "error": "string", "site": "string"],
    "Grouping": ["kind": "string", "error": "ErrorName", "members": "ErrorName[]"],
    "CopyRequest": ["selector": "Selector", "last": "integer", "to?": "string[]"],
    "CopyReport": ["error": "ErrorName", "queued": "string[]", "recipients": "string[]", "damaged": "integer"],
    "Silence": [
      "id": "integer", "scope": "string", "error?": "ErrorName", "author": "string", "reason": "string",
      "created_at": "time", "ends": "string", "is_until_resolved": "boolean", "ends_at?": "time", "held": "integer",
      "ended_at?": "time", "ended_by?": "string", "ended_author?": "string",
    ],
    "SilenceRequest": [
      "selector?": "Selector", "rule?": "string", "title?": "string", "place?": "string", "site?": "string",
      "seconds?": "integer", "mails?": "integer", "rate?": "integer", "until_resolved": "boolean", "author": "string",
      "reason": "string",
    ],
    "MergeRequest": ["ids": "string[]", "into": "Selector"],
    "MergeReport": ["into": "ErrorName", "merged": "ErrorName[]"],
    "SplitReport": ["error": "ErrorName", "released": "integer", "was_split": "boolean"],
    "PurgeRequest": [
      "ids?": "string[]", "site?": "string", "all": "boolean", "older_than?": "integer", "is_trial": "boolean",
    ],
    "PurgeReport": [
      "mails": "integer", "octets": "integer", "errors": "integer", "unknown": "string[]", "set_aside": "SetAside[]",
    ],
    "SetAside": ["path": "string", "at": "time"],
    "QueuedMail": [
      "id": "string", "kind": "string", "state": "string", "sender": "string", "recipients": "string[]",
      "size": "integer", "queued_at": "time", "attempts": "integer", "next_attempt": "time", "last_failure?": "string",
      "rerouted_to?": "string", "paced_by?": "string",
    ],
    "QueuedMailDetail": [
      "mail": "QueuedMail", "body": "string", "uses_smtputf8": "boolean", "delay_notified": "boolean",
      "status_requests": "string[]", "message?": "string",
    ],
    "QueueChangeRequest": ["ids?": "string[]", "all": "boolean", "to?": "string"],
    "QueueChangeReport": ["ids": "string[]", "delivering": "string[]"],
    "UpstreamProbe": [
      "next_hop": "string", "works": "boolean", "steps": "string[]", "failure?": "string", "milliseconds": "integer",
      "route?": "string",
    ],
    "Status": ["version": "string", "daemon?": "Daemon", "totals": "Totals", "queue": "Queue"],
    "Daemon": [
      "pid": "integer", "started_at": "time", "uptime_seconds": "integer", "listening": "string[]",
      "next_hop": "string", "connections": "integer", "trouble": "Trouble", "last_reload?": "ReloadReport",
      "encryption?": "Encryption", "rejecting?": "Rejecting[]", "routes?": "Route[]",
      "pacing?": "Pacing[]", "growth?": "Growth", "smarthosts?": "Smarthost[]",
    ],
    "Route": ["name": "string", "next_hop": "string", "sender?": "string"],
    "Pacing": [
      "next_hop": "string", "rate?": "string", "daily?": "integer", "of_period": "integer", "of_day": "integer",
      "waiting": "integer", "last_leaves?": "time", "in_digests": "boolean",
    ],
    "Growth": ["since": "time", "waiting": "integer"],
    "Rejecting": [
      "next_hop": "string", "since": "time", "latest": "time", "mails": "integer", "reason": "string",
      "took_until?": "time",
    ],
    "Smarthost": [
      "host": "string", "failure?": "string", "failure_kind?": "string", "fails_since?": "time", "next_look?": "time",
      "connections": "integer", "most_connections?": "integer", "most_mails_per_connection?": "integer",
      "most_recipients?": "integer",
    ],
    "Trouble": [
      "spool_waiting": "integer", "spooled": "integer", "cut_through": "integer", "refused": "integer",
      "set_aside?": "SetAside[]", "counted?": "integer", "disk_full_since?": "time",
    ],
    "Encryption": [
      "certificates": "Certificate[]", "problems": "string[]", "warnings": "string[]", "leaves_in_clear": "boolean",
    ],
    "Certificate": ["file": "string", "subject": "string", "expires": "time"],
    "ReloadReport": [
      "at": "time", "problems": "string[]", "changed": "string[]", "awaiting_restart": "string[]",
      "changes?": "Change[]",
    ],
    "Change": ["key": "string", "old": "string", "new": "string"],
    "SummaryPreview": ["subject": "string", "text": "string", "html": "string"],
    "SummarySent": ["id": "string", "sender": "string", "recipients": "string[]", "others?": "SummarySent[]"],
  ]

  /// Keys that it does not name would be a mistake of this description.
  private static func object(_ properties: [String: String]) -> [String: Any] {
    let named = properties.map { (name: $0.key.filter { $0 != "?" }, type: $0.value) }
    return [
      "type": "object", "additionalProperties": false,
      "properties": Dictionary(uniqueKeysWithValues: named.map { ($0.name, schema($0.type)) }),
      "required": properties.keys.filter { !$0.hasSuffix("?") }.sorted(),
    ]
  }

  private static func schema(_ type: String) -> [String: Any] {
    if type.hasSuffix("[]") { return ["type": "array", "items": schema(String(type.dropLast(2)))] }
    if type == "time" { return ["type": "string", "format": "date-time"] }
    return type.first?.isUppercase == true ? ["$ref": "#/components/schemas/\(type)"] : ["type": type]
  }
}
