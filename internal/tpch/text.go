package tpch

import (
	"math/rand/v2"
	"strings"
)

// poolSize is the length of the text from which comments are cut, in bytes: long enough that comments rarely repeat,
// short enough to be made in a few milliseconds.
const poolSize = 1 << 20

// grammar holds the words of clause 4.2.2.14, from which sentences are built.
type grammar struct {
	rng                                                                              *rand.Rand
	nouns, verbs, adjectives, adverbs, prepositions, auxiliaries, terminators, forms []string
	out                                                                              strings.Builder
}

// makePool writes pseudo-text by the specification's grammar. It is the same for the same seed.
func makePool(seed uint64) string {
	list := func(text string) []string { return strings.Split(strings.ReplaceAll(text, "\n", ","), ",") }
	g := &grammar{
		rng:   rand.New(rand.NewPCG(seed, poolStream)),
		nouns: list(nounWords), verbs: list(verbWords), adjectives: list(adjectiveWords), adverbs: list(adverbWords),
		prepositions: list(prepositionWords), auxiliaries: list(auxiliaryWords),
		terminators: list(".,;,:,?,!,--"),
		// N: noun phrase, V: verb phrase, P: prepositional phrase.
		forms: list("NV,NVP,NVN,NPVN,NPVP"),
	}
	g.out.Grow(poolSize + 200)
	for g.out.Len() < poolSize {
		g.sentence()
	}
	return g.out.String()[:poolSize]
}

func (g *grammar) pick(words []string) string { return words[g.rng.IntN(len(words))] }

func (g *grammar) sentence() {
	for i, phrase := range g.pick(g.forms) {
		if i > 0 {
			g.out.WriteByte(' ')
		}
		switch phrase {
		case 'N':
			g.nounPhrase()
		case 'V':
			g.verbPhrase()
		case 'P':
			g.out.WriteString(g.pick(g.prepositions) + " the ")
			g.nounPhrase()
		}
	}
	g.out.WriteString(g.pick(g.terminators) + " ")
}

func (g *grammar) nounPhrase() {
	switch g.rng.IntN(4) {
	case 0:
	case 1:
		g.out.WriteString(g.pick(g.adjectives) + " ")
	case 2:
		g.out.WriteString(g.pick(g.adjectives) + ", " + g.pick(g.adjectives) + " ")
	case 3:
		g.out.WriteString(g.pick(g.adverbs) + " " + g.pick(g.adjectives) + " ")
	}
	g.out.WriteString(g.pick(g.nouns))
}

func (g *grammar) verbPhrase() {
	form := g.rng.IntN(4)
	if form&1 != 0 {
		g.out.WriteString(g.pick(g.auxiliaries) + " ")
	}
	g.out.WriteString(g.pick(g.verbs))
	if form&2 != 0 {
		g.out.WriteString(" " + g.pick(g.adverbs))
	}
}

const (
	nounWords = `packages,requests,accounts,deposits,foxes,ideas,theodolites,pinto beans,instructions,dependencies,excuses
platelets,asymptotes,courts,dolphins,multipliers,sauternes,warthogs,frets,dinos,attainments,somas,Tiresias',patterns,forges
braids,hockey players,frays,warhorses,dugouts,notornis,epitaphs,pearls,tithes,waters,orbits,gifts,sheaves,depths,sentiments
decoys,realms,pains,grouches,escapades`
	verbWords = `sleep,wake,are,cajole,haggle,nag,use,boost,affix,detect,integrate,maintain,nod,was,lose,sublate,solve,thrash
promise,engage,hinder,print,x-ray,breach,eat,grow,impress,mold,poach,serve,run,dazzle,snooze,doze,unwind,kindle,play,hang
believe,doubt`
	adjectiveWords = `special,pending,unusual,express,furious,sly,careful,blithe,quick,fluffy,slow,quiet,ruthless,thin,close
dogged,daring,brave,stealthy,permanent,enticing,idle,busy,regular,final,ironic,even,bold,silent`
	adverbWords = `sometimes,always,never,furiously,slyly,carefully,blithely,quickly,fluffily,slowly,quietly,ruthlessly,thinly
closely,doggedly,daringly,bravely,stealthily,permanently,enticingly,idly,busily,regularly,finally,ironically,evenly,boldly
silently`
	prepositionWords = `about,above,according to,across,after,against,along,alongside of,among,around,at,atop,before,behind
beneath,beside,besides,between,beyond,by,despite,during,except,for,from,in place of,inside,instead of,into,near,of,on
outside,over,past,since,through,throughout,to,toward,under,until,up,upon,without,with,within`
	auxiliaryWords = `do,may,might,shall,will,would,can,could,should,ought to,must,will have to,shall have to,could have to
should have to,must have to,need to,try to`
)
