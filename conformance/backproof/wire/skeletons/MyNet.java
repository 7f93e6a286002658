// An adapter for backproof, protocol backproof/1. Your own code goes where it says YOURS.
// javac MyNet.java && backproof check --command "java -cp . MyNet"
import java.io.*;
import java.util.*;

public class MyNet {
    static final String HELLO = // what your code can do, and no more: backproof list activations (losses, flags ...)
        "{\"protocol\": \"backproof/1\", \"name\": \"my_net\", \"version\": \"1\", \"language\": \"Java\","
        + " \"activations\": [\"identity\", \"sigmoid\", \"tanh\"], \"losses\": [\"squared\", \"log\"],"
        + " \"skips\": [], \"conventions\": {}}";

    static double f(String name, double z) {
        return switch (name) { case "sigmoid" -> 1 / (1 + Math.exp(-z)); case "tanh" -> Math.tanh(z); default -> z; };
    }

    static double slope(String name, double a) { // f' from a = f(z)
        return switch (name) { case "sigmoid" -> a * (1 - a); case "tanh" -> 1 - a * a; default -> 1; };
    }

    static String run(Map<?, ?> test) { // YOURS: train as the case says, and show what you have of it
        boolean single = test.get("dtype").equals("float32"), squared = test.get("loss").equals("squared");
        double rate = (Double) test.get("learning_rate");
        List<?> layers = (List<?>) test.get("layers");
        int depth = layers.size();
        double[][][] w = new double[depth][][], b = new double[depth][][], mask = new double[depth][][];
        String[] names = new String[depth];
        for (int l = 0; l < depth; l++) {
            Map<?, ?> layer = (Map<?, ?>) layers.get(l);
            w[l] = matrix(layer.get("weights"));
            b[l] = layer.get("biases") == null ? null : matrix(List.of(layer.get("biases"))); // one row, or none
            mask[l] = matrix(layer.get("mask"));
            names[l] = (String) ((Map<?, ?>) layer.get("activation")).get("name");
        }
        List<String> records = new ArrayList<>();
        for (Object batch : (List<?>) test.get("batches")) { // one update for each
            double[][] x = rows(test.get("x"), batch), y = rows(test.get("y"), batch);
            double[][][] z = new double[depth][x.length][], a = new double[depth][x.length][];
            double[][][] delta = new double[depth][x.length][];
            double[][][] byW = new double[depth][][], byB = new double[depth][][];
            double loss = 0;
            for (int s = 0; s < x.length; s++) {
                for (int l = 0; l < depth; l++) {
                    double[] in = l > 0 ? a[l - 1][s] : x[s];
                    int width = w[l].length;
                    z[l][s] = new double[width]; a[l][s] = new double[width]; delta[l][s] = new double[width];
                    for (int i = 0; i < width; i++) {
                        double sum = b[l] == null ? 0 : b[l][0][i];
                        for (int j = 0; j < in.length; j++) sum += w[l][i][j] * in[j];
                        z[l][s][i] = r(single, sum);
                        a[l][s][i] = r(single, f(names[l], z[l][s][i]));
                    }
                }
                for (int l = depth - 1; l >= 0; l--)
                    for (int i = 0; i < w[l].length; i++) {
                        double o = a[l][s][i], v = z[l][s][i], back = 0;
                        if (l == depth - 1) { // the log loss of sigmoid outputs, from z, so that nothing overflows
                            double t = y[s][i];
                            double log = Math.max(v, 0) - t * v + Math.log1p(Math.exp(-Math.abs(v)));
                            loss += squared ? (o - t) * (o - t) : log;
                            delta[l][s][i] = r(single, squared ? 2 * (o - t) * slope(names[l], o) : o - t);
                        } else { // f'(z) * (W^T delta of the next layer)
                            for (int k = 0; k < w[l + 1].length; k++) back += w[l + 1][k][i] * delta[l + 1][s][k];
                            delta[l][s][i] = r(single, slope(names[l], o) * back);
                        }
                    }
            }
            for (int l = 0; l < depth; l++) {
                byW[l] = new double[w[l].length][w[l][0].length];
                if (b[l] != null) byB[l] = new double[1][w[l].length];
                for (int i = 0; i < w[l].length; i++) {
                    for (int j = 0; j < w[l][0].length; j++) {
                        if (mask[l] != null && mask[l][i][j] == 0) continue; // no edge
                        double[][] in = l > 0 ? a[l - 1] : x;
                        for (int s = 0; s < x.length; s++) byW[l][i][j] += delta[l][s][i] * in[s][j];
                        byW[l][i][j] = r(single, byW[l][i][j]);
                        w[l][i][j] = r(single, w[l][i][j] - rate * byW[l][i][j]);
                    }
                    if (b[l] == null) continue;
                    for (int s = 0; s < x.length; s++) byB[l][0][i] += delta[l][s][i];
                    byB[l][0][i] = r(single, byB[l][0][i]);
                    b[l][0][i] = r(single, b[l][0][i] - rate * byB[l][0][i]);
                }
            }
            records.add("{\"loss\":" + number(r(single, loss)) + shown("net_inputs", z) + shown("activations", a)
                + shown("deltas", delta) + shown("weight_gradients", byW) + shown("weights", w)
                + vectors("bias_gradients", byB) + vectors("biases", b) + "}");
        }
        return records.toString();
    }

    static double r(boolean single, double v) { return single ? (float) v : v; } // every number has the case's dtype

    static double[][] matrix(Object rows) {
        return rows == null ? null : ((List<?>) rows).stream().map(row -> ((List<?>) row).stream().mapToDouble(
            v -> v instanceof Double number ? number : (Boolean) v ? 1 : 0).toArray()).toArray(double[][]::new);
    }

    static double[][] rows(Object rows, Object batch) {
        double[][] all = matrix(rows);
        return ((List<?>) batch).stream().map(s -> all[((Double) s).intValue()]).toArray(double[][]::new);
    }

    static String number(double v) { // as many digits as it needs; JSON has no NaN: show a string
        return Double.isFinite(v) ? Double.toString(v) : "\"" + v + "\"";
    }

    static String shown(String name, double[][][] layers) {
        return ",\"" + name + "\":" + Arrays.stream(layers).map(
            rows -> Arrays.stream(rows).map(MyNet::row).toList().toString()).toList();
    }

    static String vectors(String name, double[][][] layers) {
        return ",\"" + name + "\":" + Arrays.stream(layers).map(rows -> rows == null ? "null" : row(rows[0])).toList();
    }

    static String row(double[] row) { return Arrays.stream(row).mapToObj(MyNet::number).toList().toString(); }

    static Object json(StreamTokenizer in) throws IOException { // Java brings no JSON: this reads what the kit writes
        switch (in.nextToken()) {
            case '[': {
                List<Object> list = new ArrayList<>();
                while (in.nextToken() != ']') { if (in.ttype != ',') in.pushBack(); list.add(json(in)); }
                return list;
            }
            case '{': {
                Map<String, Object> map = new HashMap<>();
                while (in.nextToken() != '}') {
                    if (in.ttype == ',') in.nextToken();
                    String key = in.sval;
                    in.nextToken(); // the colon
                    map.put(key, json(in));
                }
                return map;
            }
            case '"': return in.sval;
            default: return switch (in.sval) { case "null" -> null; case "true" -> true; case "false" -> false;
                default -> Double.valueOf(in.sval); };
        }
    }

    public static void main(String[] words) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null;) {
            StreamTokenizer tokens = new StreamTokenizer(new StringReader(line));
            tokens.resetSyntax();
            tokens.quoteChar('"');
            for (char c : "+-.".toCharArray()) tokens.wordChars(c, c);
            tokens.wordChars('0', '9'); tokens.wordChars('a', 'z'); tokens.wordChars('A', 'Z');
            Map<?, ?> request = (Map<?, ?>) json(tokens);
            if (request.get("type").equals("bye")) break;
            String answer = request.get("type").equals("hello") ? HELLO
                : "{\"id\":" + request.get("id") + ",\"result\":" + run((Map<?, ?>) request.get("case")) + "}";
            System.out.println(answer);
        }
    }
}
