// An adapter for backproof, protocol backproof/1. Your own code goes where it says YOURS.
// javac MyNet.java && backproof check --command "java -cp . MyNet"
import java.io.*;
import java.util.*;
import java.util.function.*;
import java.util.stream.*;

public class MyNet {
    static final String HELLO = // what your code can do, and no more: backproof list activations (losses, flags ...)
        "{\"protocol\": \"backproof/1\", \"name\": \"my_net\", \"version\": \"1\", \"language\": \"Java\","
        + " \"activations\": [\"identity\", \"sigmoid\", \"tanh\"], \"losses\": [\"squared\", \"log\"],"
        + " \"skips\": [], \"conventions\": {}}";
    static boolean single; // every number has the case's dtype
    interface Cell { double at(int row, int column); }

    static double[][] fill(int rows, int columns, Cell cell) {
        double[][] made = new double[rows][columns];
        for (int i = 0; i < rows; i++) for (int j = 0; j < columns; j++)
            made[i][j] = single ? (float) cell.at(i, j) : cell.at(i, j);
        return made;
    }
    static double sum(int n, IntToDoubleFunction term) { return IntStream.range(0, n).mapToDouble(term).sum(); }
    static double f(char f, double z) { return f == 's' ? 1 / (1 + Math.exp(-z)) : f == 't' ? Math.tanh(z) : z; }
    static double slope(char f, double a) { return f == 's' ? a * (1 - a) : f == 't' ? 1 - a * a : 1; } // f' from f(z)
    static Object get(Object map, String key) { return ((Map<?, ?>) map).get(key); }
    static double[] row(Object row) { return ((List<?>) row).stream().mapToDouble(v -> (Double) v).toArray(); }
    static double[][] matrix(Object rows) {
        return rows == null ? null : ((List<?>) rows).stream().map(MyNet::row).toArray(double[][]::new);
    }
    static double[][] only(Object batch, double[][] rows) {
        return Arrays.stream(row(batch)).mapToObj(s -> rows[(int) s]).toArray(double[][]::new);
    }

    static String run(Map<?, ?> test) { // YOURS: train as the case says, and show what you have of it
        single = test.get("dtype").equals("float32");
        boolean squared = test.get("loss").equals("squared");
        double rate = (Double) test.get("learning_rate");
        List<?> layers = (List<?>) test.get("layers");
        int last = layers.size() - 1;
        char[] name = new char[last + 1];
        double[][][] w = new double[last + 1][][], mask = w.clone(), b = w.clone(); // biases: one row, or null
        for (int l = 0; l <= last; l++) {
            Object layer = layers.get(l), biases = get(layer, "biases");
            name[l] = ((String) get(get(layer, "activation"), "name")).charAt(0);
            w[l] = matrix(get(layer, "weights")); mask[l] = matrix(get(layer, "mask"));
            b[l] = biases == null ? null : new double[][] {row(biases)};
        }
        return ((List<?>) test.get("batches")).stream().map(batch -> { // one update for each
            double[][] x = only(batch, matrix(test.get("x"))), y = only(batch, matrix(test.get("y")));
            double[][][] z = new double[last + 1][][], a = z.clone(), delta = z.clone();
            double[][][] byW = z.clone(), byB = z.clone();
            IntStream.rangeClosed(0, last).forEach(l -> {
                double[][] in = l > 0 ? a[l - 1] : x;
                z[l] = fill(x.length, w[l].length, (s, i) ->
                    (b[l] == null ? 0 : b[l][0][i]) + sum(in[s].length, j -> w[l][i][j] * in[s][j]));
                a[l] = fill(x.length, w[l].length, (s, i) -> f(name[l], z[l][s][i]));
            });
            double[][] o = a[last], v = z[last]; // the log loss of sigmoid outputs is taken from z: nothing overflows
            double[][] loss = fill(1, 1, (p, q) -> sum(o.length, s -> sum(y[s].length, i -> squared
                ? Math.pow(o[s][i] - y[s][i], 2)
                : Math.max(v[s][i], 0) - y[s][i] * v[s][i] + Math.log1p(Math.exp(-Math.abs(v[s][i]))))));
            delta[last] = fill(o.length, o[0].length, (s, i) ->
                (o[s][i] - y[s][i]) * (squared ? 2 * slope(name[last], o[s][i]) : 1));
            for (int k = last - 1; k >= 0; k--) { // f'(z) * (W^T delta of the next layer)
                int l = k;
                delta[l] = fill(x.length, w[l].length, (s, i) -> slope(name[l], a[l][s][i])
                    * sum(w[l + 1].length, j -> w[l + 1][j][i] * delta[l + 1][s][j]));
            }
            IntStream.rangeClosed(0, last).forEach(l -> {
                double[][] in = l > 0 ? a[l - 1] : x;
                byW[l] = fill(w[l].length, in[0].length, (i, j) ->
                    mask[l] != null && mask[l][i][j] == 0 ? 0 : sum(x.length, s -> delta[l][s][i] * in[s][j]));
                byB[l] = b[l] == null ? null : fill(1, w[l].length, (p, i) -> sum(x.length, s -> delta[l][s][i]));
                w[l] = fill(w[l].length, in[0].length, (i, j) -> w[l][i][j] - rate * byW[l][i][j]);
                b[l] = b[l] == null ? null : fill(1, w[l].length, (p, i) -> b[l][0][i] - rate * byB[l][0][i]);
            });
            return "{\"loss\":" + write(loss[0][0]) + ",\"net_inputs\":" + write(z) + ",\"activations\":" + write(a)
                + ",\"deltas\":" + write(delta) + ",\"weight_gradients\":" + write(byW) + ",\"weights\":" + write(w)
                + ",\"bias_gradients\":" + write(first(byB)) + ",\"biases\":" + write(first(b)) + "}";
        }).toList().toString();
    }

    static Object[] first(double[][][] rows) { return Arrays.stream(rows).map(r -> r == null ? null : r[0]).toArray(); }
    static String write(Object value) { // as many digits as it needs; JSON has no NaN: show a string
        if (value instanceof double[] row) return Arrays.stream(row).mapToObj(MyNet::write).toList().toString();
        if (value instanceof Object[] items) return Arrays.stream(items).map(MyNet::write).toList().toString();
        return value instanceof Double v && !Double.isFinite(v) ? "\"" + v + "\"" : String.valueOf(value);
    }
    static Object json(StreamTokenizer in) throws IOException { // Java brings no JSON: this reads what the kit writes
        if (in.nextToken() == '"') return in.sval;
        if (in.ttype == StreamTokenizer.TT_WORD) return switch (in.sval) { case "null" -> null; case "true" -> 1.0;
            case "false" -> 0.0; default -> Double.valueOf(in.sval); };
        List<Object> items = new ArrayList<>();
        int open = in.ttype;
        while (in.nextToken() != open + 2) { in.pushBack(); items.add(json(in)); } // commas and colons are blanks
        Map<Object, Object> map = new HashMap<>();
        for (int i = 0; open == '{' && i < items.size(); i += 2) map.put(items.get(i), items.get(i + 1));
        return open == '{' ? map : items;
    }

    public static void main(String[] words) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null;) {
            StreamTokenizer tokens = new StreamTokenizer(new StringReader(line));
            tokens.resetSyntax();
            tokens.quoteChar('"'); tokens.wordChars('+', 'z'); // digits, letters, signs
            for (char c : ",:[]".toCharArray()) tokens.ordinaryChar(c);
            tokens.whitespaceChars(',', ','); tokens.whitespaceChars(':', ':');
            Map<?, ?> request = (Map<?, ?>) json(tokens);
            if (request.get("type").equals("bye")) break;
            System.out.println(request.get("type").equals("hello") ? HELLO
                : "{\"id\":" + request.get("id") + ",\"result\":" + run((Map<?, ?>) request.get("case")) + "}");
        }
    }
}
