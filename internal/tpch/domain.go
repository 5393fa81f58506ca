package tpch

import "strings"

// nation is a row of the fixed table of clause 4.2.3; its position is its key.
type nation struct {
	name   string
	region int
}

// domain holds the closed lists from which values are drawn (clauses 4.2.2.13 and 4.2.3).
type domain struct {
	regions      []string
	nations      []nation
	segments     []string
	priorities   []string
	instructions []string
	modes        []string
	types        [3][]string // the syllables of a part's type
	containers   [2][]string
	colors       []string // the words of a part's name
	letters      string   // the alphabet of an address
}

func newDomain() domain {
	list := func(text string) []string { return strings.Split(text, ",") }
	return domain{
		regions:      list("AFRICA,AMERICA,ASIA,EUROPE,MIDDLE EAST"),
		nations:      nations(),
		segments:     list("AUTOMOBILE,BUILDING,FURNITURE,MACHINERY,HOUSEHOLD"),
		priorities:   list("1-URGENT,2-HIGH,3-MEDIUM,4-NOT SPECIFIED,5-LOW"),
		instructions: list("DELIVER IN PERSON,COLLECT COD,NONE,TAKE BACK RETURN"),
		modes:        list("REG AIR,AIR,RAIL,SHIP,TRUCK,MAIL,FOB"),
		types: [3][]string{
			list("STANDARD,SMALL,MEDIUM,LARGE,ECONOMY,PROMO"),
			list("ANODIZED,BURNISHED,PLATED,POLISHED,BRUSHED"),
			list("TIN,NICKEL,BRASS,STEEL,COPPER"),
		},
		containers: [2][]string{list("SM,LG,MED,JUMBO,WRAP"), list("CASE,BOX,BAG,JAR,PKG,PACK,CAN,DRUM")},
		colors:     strings.Fields(colorWords),
		letters:    "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,",
	}
}

func nations() []nation {
	const africa, america, asia, europe, middleEast = 0, 1, 2, 3, 4
	return []nation{
		{"ALGERIA", africa}, {"ARGENTINA", america}, {"BRAZIL", america}, {"CANADA", america}, {"EGYPT", middleEast},
		{"ETHIOPIA", africa}, {"FRANCE", europe}, {"GERMANY", europe}, {"INDIA", asia}, {"INDONESIA", asia},
		{"IRAN", middleEast}, {"IRAQ", middleEast}, {"JAPAN", asia}, {"JORDAN", middleEast}, {"KENYA", africa},
		{"MOROCCO", africa}, {"MOZAMBIQUE", africa}, {"PERU", america}, {"CHINA", asia}, {"ROMANIA", europe},
		{"SAUDI ARABIA", middleEast}, {"VIETNAM", asia}, {"RUSSIA", europe}, {"UNITED KINGDOM", europe},
		{"UNITED STATES", america},
	}
}

const colorWords = `almond antique aquamarine azure beige bisque black blanched blue blush brown burlywood burnished
chartreuse chiffon chocolate coral cornflower cornsilk cream cyan dark deep dim dodger drab firebrick floral forest frosted
gainsboro ghost goldenrod green grey honeydew hot indian ivory khaki lace lavender lawn lemon light lime linen magenta
maroon medium metallic midnight mint misty moccasin navajo navy olive orange orchid pale papaya peach peru pink plum powder
puff purple red rose rosy royal saddle salmon sandy seashell sienna sky slate smoke snow spring steel tan thistle tomato
turquoise violet wheat white yellow`
