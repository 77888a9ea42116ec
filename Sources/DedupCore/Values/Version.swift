/// The version of this build, as `--version`, the banner of the log and `dedupctl status` show it.
package enum MailDedupVersion {
  package static let text = "0.1.0"
}
