package states

import (
	"time"

	"signet/internal/web/view"
)

func account() []State {
	return []State{
		state("account/home/usual", func() view.Page { return home() }),
		state("account/home/new", func() view.Page {
			p := home()
			p.Apps, p.Sessions = nil, p.Sessions[:1]
			p.Person.Name, p.Verified = "", false
			p.Notice, p.EverywhereAction = view.NoticeWelcome, ""
			return p
		}),
		state("account/home/session-ended", func() view.Page {
			p := home()
			p.Notice = view.NoticeSessionEnded
			return p
		}),
		state("account/home/access-removed", func() view.Page {
			p := home()
			p.Notice, p.Apps, p.Person, p.SignedIn = view.NoticeAccessRemoved, p.Apps[:1], long, &long
			return p
		}),
	}
}

func home() *view.Account {
	f := frame(nil)
	f.SignedIn = &ada
	return &view.Account{
		Frame: f, Person: ada, Verified: true,
		Apps: []view.ConnectedApp{
			{App: frames, Since: noon.Add(-40 * 24 * time.Hour), Grants: []view.Grant{
				{Scope: "profile"}, {Scope: "email"}, {Scope: "offline_access"},
			}},
			{App: view.App{ID: "cli", Name: "Backup"}, Grants: []view.Grant{{Scope: "openid"}}},
		},
		Sessions: []view.Session{
			{ID: "s1", Browser: "Firefox", System: "Linux", Place: "192.0.2.7", LastUsed: noon, Current: true},
			{ID: "s2", Browser: "Safari", System: "iOS", Place: "2001:db8:85a3::8a2e:370:7334", LastUsed: noon.Add(-3 * time.Hour)},
			{ID: "s3", System: "Windows", Place: "198.51.100.20", LastUsed: noon.Add(-200 * time.Hour)},
			{ID: "s4", Browser: "curl", Place: "203.0.113.9", LastUsed: noon.Add(-300 * time.Hour)},
			{ID: "s5", LastUsed: noon.Add(-900 * time.Hour)},
		},
		RevokeAction: "/account/revoke", EndAction: "/account/end",
		SignOutAction: "/account/signout", EverywhereAction: "/account/signout/everywhere",
	}
}

func mailbox() []State {
	return []State{
		state("mailbox/list/empty", func() view.Page { return &view.Mailbox{Frame: frame(nil)} }),
		state("mailbox/list/some", func() view.Page {
			return &view.Mailbox{Frame: frame(nil), Mails: []view.MailItem{
				{URL: "/mailbox/2", To: ada.Email, Subject: "Your code is 418 230", At: noon},
				{URL: "/mailbox/1", To: long.Email, Subject: "<b>Activate</b> your account", At: noon.Add(-time.Minute)},
			}}
		}),
		state("mailbox/mail/usual", func() view.Page {
			return &view.Mail{
				Frame: frame(nil), From: "Signet <no-reply@id.example>", To: ada.Email,
				Subject: "Activate your account", At: noon, ListURL: "/mailbox",
				Text: "Hello Ada,\n\nopen http://localhost:8080/activate?t=1&u=2. Or type the code 418230.\n\nNot you? See https://id.example/help",
			}
		}),
	}
}
