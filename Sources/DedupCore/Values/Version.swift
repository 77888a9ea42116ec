/// The version of this build, as shown by `--version`, the banner of the log and `dedupctl status`.
package enum MailDedupVersion {
  package static let text = "0.1.0"
}
