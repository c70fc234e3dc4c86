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
			p.Person.Name, p.Verified, p.Born, p.Language, p.News = "", false, "", view.Locale{}, false
			p.Notice, p.EverywhereAction = view.NoticeWelcome, ""
			return p
		}),
		state("account/home/waiting", func() view.Page {
			p := home()
			p.Back = &view.Link{URL: "https://devices.example/", Text: "Device console"}
			p.Waiting = []view.WaitingApp{
				{App: console, Asked: noon, URL: "/approve?request=r1"},
				{App: view.App{ID: "cli", Name: long.Name, Domain: "a-very-long-name-of-a-host.students.mathematics.example.org"}, Asked: noon, URL: "/approve?request=r2"},
			}
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

// accountFrame is what the pages of an account have in common.
func accountFrame(here view.Message) view.AccountFrame {
	f := view.AccountFrame{Frame: frame(nil)}
	f.SignedIn = &ada
	for _, label := range []view.Message{view.SectionHome, view.SectionProfile, view.SectionEmail, view.SectionPassword, view.SectionOrgs, view.SectionData, view.SectionClose} {
		f.Sections = append(f.Sections, view.AccountSection{Label: label, URL: "/account", Current: label == here})
	}
	return f
}

func profile() []State {
	page := func() *view.Profile {
		return &view.Profile{
			AccountFrame: accountFrame(view.SectionProfile), Form: view.Form{Action: "/account/profile"},
			GivenName: "Ada", FamilyName: "Lovelace", Birthdate: "1990-12-10", Language: "de", News: true,
		}
	}
	return []State{
		state("account/profile/usual", func() view.Page { return page() }),
		state("account/profile/saved", func() view.Page {
			p := page()
			p.Notice, p.News = view.NoticeProfileSaved, false
			return p
		}),
		state("account/profile/faulty", func() view.Page {
			p := page()
			p.GivenName, p.GivenNameFault = "", view.FaultProfileGivenName
			p.FamilyName, p.FamilyNameFault = long.Name, view.FaultProfileName
			p.Birthdate, p.BirthdateFault = "2031-02-01", view.FaultProfileFuture
			return p
		}),
		state("account/profile/birthdate", func() view.Page {
			p := page()
			p.BirthdateFault = view.FaultProfileYoung
			return p
		}),
	}
}

func stopNews() []State {
	page := func(stopped bool) func() view.Page {
		return func() view.Page {
			return &view.StopNews{Frame: frame(nil), Form: form("/news/stop"), Stopped: stopped, HomeURL: "/account/profile"}
		}
	}
	return []State{state("account/stop-news/ask", page(false)), state("account/stop-news/done", page(true))}
}

func home() *view.Account {
	german, _ := view.LocaleOf("de")
	return &view.Account{
		AccountFrame: accountFrame(view.SectionHome), Person: ada, Verified: true, Born: "1990-12-10", Language: german, News: true, ProfileURL: "/account/profile",
		Apps: []view.ConnectedApp{
			{App: frames, Since: noon.Add(-40 * 24 * time.Hour), StartURL: "https://frames.example/login?iss=https%3A%2F%2Fid.example", Grants: []view.Grant{
				{Scope: "profile"}, {Scope: "email"}, {Scope: "offline_access"},
			}},
			{App: view.App{ID: "cli", Name: "Backup"}, Grants: []view.Grant{{Scope: "openid"}}},
		},
		Providers: []view.Provider{
			{Name: "Contoso", Orgs: []string{"Contoso", "Analytical Engines"}, There: "ada@contoso.example", Since: noon.Add(-40 * 24 * time.Hour), LastUsed: noon, DisconnectURL: "/account/disconnect?connection=c1"},
			{Name: long.Name, There: long.Email, Since: noon, LastUsed: noon, Off: true, DisconnectURL: "/account/disconnect?connection=c2"},
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
				Subject: "Activate your account", At: noon, ListURL: "/mailbox", HTMLURL: "/mailbox/1/html",
				Text: "Hello Ada,\n\nopen http://localhost:8080/activate?t=1&u=2. Or type the code 418230.\n\nNot you? See https://id.example/help",
			}
		}),
		state("mailbox/mail/plain", func() view.Page {
			return &view.Mail{Frame: frame(nil), From: "no-reply@id.example", To: long.Email, Subject: "Hello", At: noon, ListURL: "/mailbox", Text: "Hello."}
		}),
	}
}
