// Package rules is the policy: it loads a policy file, proves it sound, and
// decides under it which materials a case needs, and why.
//
// # The file
//
// A policy is one YAML file (rules.yaml) and a file of texts for each further
// language (rules.<locale>.yaml). Its keys, with what they hold:
//
//	policy, edition, source, language   strings; language is the locale of the texts here
//	notes                               texts shown with every scenario
//	facts.<id>      ask, help, type (bool, enum, set, country, integer, date, text),
//	                values (enum, set: id → text, or id → {label, unknown: true}),
//	                min, max (integer, date), from (account, staff), ask_when
//	named.<id>      a condition, to use by its name in others
//	impossible[]    when, because
//	checks.<id>     a text, or {label, help}
//	materials.<id>  label, guidance, template, from (customer, partner, reseller), checks,
//	                and one of
//	                  document   types (pdf, jpeg, png, eml), max_size, sides, colour, refused[], translation {unless, certified},
//	                             example (identity, certificate, letter, card, record, statement, email: the drawing that shows it)
//	                  statement  field id → {label, help, type, values, optional, optional_when, when, max_length}
//	                  proof      by (dns_txt, http_file, email_reply, profile_text)
//	                for documents also
//	                  read_off   value id → {label, help, type, by (supplier, reviewer), optional, values}
//	                  valid[]    expect, say
//	scenarios.<id>  title, when (or otherwise: true), was[], notes[], handling,
//	                and one of scenarios, collect[], self_service, administrator, refuse, contact_support
//	handling        request_method, review_within, customer_deadline, waiting_period, approvals,
//	                distinct_roles[], restore[], retention {approved, denied, abandoned}; each value may be
//	                choose: [{when, then}, …, {otherwise}]
//	calendar        what counts as a business day: time_zone (a name of the IANA database; UTC), working_days[]
//	                (monday to sunday; Monday to Friday), working_hours (such as 09:00-18:00; whole days),
//	                holidays {2026-12-25: <name>}
//
// An entry of collect is a material's id, or one key with its options
//
//   - transaction_record: {when, last, count, each: month, consecutive, at_most: <integer fact>,
//     optional, up_to, as, label, guidance, example, checks, from}
//
// or a group, whose children are entries again:
//
//   - all_of: […]                       # any_of and prefer alike
//   - at_least: {count: 2, of: […]}
//     when: …                           # beside the group's key: when, as, label, guidance, optional
//
// An entry of checks is a check's id, or
//
//   - sealed: {when: …}
//   - all_of: […]                       # any_of and prefer alike; when beside it
//   - choose: [{when: …, then: <entry>}, …, {otherwise: <entry>}]
//
// # Texts in other languages
//
// A translation has the same tree with texts only. Where the policy has a list,
// it has a list with one entry for each (null or {} where the entry has no text),
// or a mapping by position counted from 0; entries of collect, those inside groups
// too, may also go by their id. A missing and a superfluous key are faults.
//
// # Conditions
//
// Conditions are expressions of expr-lang/expr, restricted to what is finite:
// and, or, not (also &&, ||, !), == != < <= > >=, ranges (0 < m <= 3), in and
// not in with a list, bare values of enums and countries (CN), dates as
// "2024-12-31", asked(f), and for sets has_any(f, [a, b]), has_all, has_only.
// A bool fact stands alone. `not` binds tighter than `==`: write != instead.
// They are at most 4 KiB, in plain, quoted (without escapes) or literal (|) form.
//
// They have three values. What reads a fact that is not asked is undefined, but
// `false and undefined` is false in either order. ask_when and impossible hold
// where they are true; everywhere else a condition that can come out undefined is a
// fault.
//
// # Validity
//
// `expect` expressions are judged at run time by expr. They read the material's
// own read_off values or statement fields by id, filed_on and today (dates), statement.<field>, and
// account.<attribute>. They have and, or, not, comparisons, in, + and - where a
// date minus a date is a number of days and a date plus a number is a date,
// and the functions days(a, b), months_between(a, b), same_text(a, b) (case and
// spaces aside), lower(s) and len(s). What is not there yet makes them unknown.
//
// # How it works
//
// Every condition compiles to a pair of decision diagrams (package diagram): where
// it is true and where it is false, over levels in asking order (layout.go,
// kleene.go). Each group of sibling scenarios becomes one diagram, each conditional
// requirement, check, field and value of handling another (compile.go). Proofs look
// at what can happen only as far as it bears on the question (domain.go, space.go):
// conjoined everywhere it would make diagrams large for small results. Deciding
// walks the groups, then the conditions of the scenario (decide.go); for partial
// answers what is known is fixed first (partial.go).
package rules
