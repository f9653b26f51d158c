/**
 * A Traefik plugin that answers every request itself. Traefik cannot serve a page of its own, and a server
 * beside it would be one more thing that can be away; Traefik interprets this source, nothing is compiled.
 */
export const pluginFolder = "/plugins-local/src/berth/unknownhost";

export const pluginManifest = `displayName: Unknown host
type: middleware
import: berth/unknownhost
summary: Answers for hosts that no tenant has.
testData:
  html: page
  text: page
`;

export const pluginSource = `package unknownhost

import (
	"context"
	"net/http"
	"strings"
)

type Config struct {
	HTML string \`json:"html,omitempty"\`
	Text string \`json:"text,omitempty"\`
}

func CreateConfig() *Config { return &Config{} }

func New(_ context.Context, _ http.Handler, config *Config, _ string) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, kind := config.Text, "text/plain; charset=utf-8"
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			body, kind = config.HTML, "text/html; charset=utf-8"
		}
		header := w.Header()
		header.Set("Content-Type", kind)
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusNotFound)
		if r.Method != http.MethodHead {
			_, _ = w.Write([]byte(body))
		}
	}), nil
}
`;

/** What a person, and a program, reads at an address that nobody has. */
export const unknownHostPage = {
  html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Nothing lives at this address</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.1rem/1.6 system-ui, sans-serif; background: #f6f7f9; color: #1f2933; }
main { max-width: 32rem; padding: 2rem; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; }
@media (prefers-color-scheme: dark) { body { background: #14181d; color: #e4e7eb; } }
</style>
</head>
<body>
<main>
<h1>Nothing lives at this address</h1>
<p>There is no Odoo under this name. Please check the address for a typing error.</p>
<p>If you were given this address just now, it may need a few more seconds. If it used to work, ask whoever runs your Odoo.</p>
</main>
</body>
</html>
`,
  text: "Nothing lives at this address. Please check the host name.\n",
};
